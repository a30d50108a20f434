/** Longest variable-length number, of 64 bits. */
const VARINT_BYTES = 10;

/** Reads a stream of chunks as numbers and bytes, and holds no more of it than what is asked for at a time. */
export class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #buffer: Buffer = Buffer.alloc(0);
  #at = 0;
  #behind = 0;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** How many bytes were read or skipped. */
  get position(): number {
    return this.#behind + this.#at;
  }

  /** Whether anything is left. */
  async hasMore(): Promise<boolean> {
    return this.#available > 0 || (await this.#fill(1)) > 0;
  }

  async byte(): Promise<number> {
    if (this.#available < 1) await this.#need(1);
    return this.#buffer[this.#at++] as number;
  }

  /** A zigzag number of variable length. @throws Error when it is longer than one can be. */
  async varint(): Promise<number> {
    return Number(await this.varlong());
  }

  async varlong(): Promise<bigint> {
    if (this.#available < VARINT_BYTES) await this.#fill(VARINT_BYTES);
    const { value, at } = readVarlong(this.#buffer, this.#at);
    this.#at = at;
    return value;
  }

  /** The next bytes, all in memory at once: only for a length that was checked. */
  async bytes(length: number): Promise<Buffer> {
    if (this.#available < length) await this.#need(length);
    const from = this.#at;
    this.#at += length;
    return Buffer.from(this.#buffer.subarray(from, this.#at));
  }

  async skip(length: number): Promise<void> {
    for (let left = length; ; ) {
      const here = Math.min(left, this.#available);
      this.#at += here;
      left -= here;
      if (left === 0) return;
      await this.#need(1);
    }
  }

  /** Ends the stream, whatever is left of it. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  get #available(): number {
    return this.#buffer.length - this.#at;
  }

  async #need(length: number): Promise<void> {
    if ((await this.#fill(length)) < length) throw new Error('the records end in the midst of one');
  }

  /** Brings in so many bytes, if there are so many; answers how many there are. */
  async #fill(length: number): Promise<number> {
    const parts: Uint8Array[] = [this.#buffer.subarray(this.#at)];
    let available = this.#available;
    while (available < length) {
      const { value, done } = await this.#chunks.next();
      if (done === true) break;
      parts.push(value);
      available += value.length;
    }
    this.#behind += this.#at;
    this.#at = 0;
    this.#buffer = Buffer.concat(parts, available);
    return available;
  }
}

/** @throws Error when the bytes end within it, or it is longer than 64 bits. */
function readVarlong(bytes: Buffer, start: number): { readonly value: bigint; readonly at: number } {
  let small = 0;
  let at = start;
  // Nearly all fit into 28 bits, for which plain numbers do.
  for (let shift = 0; shift < 28; shift += 7) {
    const byte = bytes[at++];
    if (byte === undefined) throw new Error('the records end in the midst of one');
    small |= (byte & 0x7f) << shift;
    if (byte < 0x80) return { value: BigInt((small >>> 1) ^ -(small & 1)), at };
  }
  let value = BigInt(small);
  for (let shift = 28n; shift < 70n; shift += 7n) {
    const byte = bytes[at++];
    if (byte === undefined) throw new Error('the records end in the midst of one');
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return { value: BigInt.asIntN(64, (value >> 1n) ^ -(value & 1n)), at };
  }
  throw new Error('a number in a record is longer than one can be');
}
