/** As far as an LZ4 block can refer back, and as any encoder of snappy does: its format would allow more. */
const PAST_BYTES = 64 << 10;
const CHUNK_BYTES = 64 << 10;
/** Below it a loop over single bytes is faster than a call of `copyWithin`. */
const SHORT_COPY = 32;

/**
 * Where a decoder writes what it may refer back to later. It keeps a bounded past only; the rest is handed out in chunks.
 * Each write takes as much as there is room for, so that one instruction of the compressed bytes, which may stand for a
 * gigabyte, never allocates or blocks by its own size.
 */
export class OutputWindow {
  readonly #buffer = Buffer.alloc(PAST_BYTES + CHUNK_BYTES);
  #end = 0;
  #taken = 0;
  #dropped = 0;

  /** How many bytes were written in all. */
  get length(): number {
    return this.#dropped + this.#end;
  }

  /** Nothing more can be written before {@link take}. */
  get isFull(): boolean {
    return this.#end === this.#buffer.length;
  }

  /** Writes bytes of the source; answers how many. */
  write(source: Buffer, from: number, length: number): number {
    const count = Math.min(length, this.#buffer.length - this.#end);
    this.#end += source.copy(this.#buffer, this.#end, from, from + count);
    return count;
  }

  /**
   * Writes again what was written `distance` bytes ago; answers how many bytes.
   * @throws Error when that is not kept, or never was.
   */
  copy(distance: number, length: number): number {
    if (distance < 1 || distance > this.#end) throw new Error('compressed bytes that refer to what is not there');
    const buffer = this.#buffer;
    const end = this.#end;
    const from = end - distance;
    const count = Math.min(length, buffer.length - end);
    if (count < SHORT_COPY) {
      for (let at = 0; at < count; at += 1) buffer[end + at] = buffer[from + at] as number;
    } else {
      // What is copied may be what this very copy writes: each step copies all that is there by then.
      for (let done = 0; done < count; ) {
        const step = Math.min(distance + done, count - done);
        buffer.copyWithin(end + done, from, from + step);
        done += step;
      }
    }
    this.#end += count;
    return count;
  }

  /** What was written since the last call. The past stays. */
  take(): Uint8Array {
    const chunk = Buffer.from(this.#buffer.subarray(this.#taken, this.#end));
    const drop = Math.max(0, this.#end - PAST_BYTES);
    if (drop > 0) {
      this.#buffer.copyWithin(0, drop, this.#end);
      this.#dropped += drop;
      this.#end -= drop;
    }
    this.#taken = this.#end;
    return chunk;
  }
}
