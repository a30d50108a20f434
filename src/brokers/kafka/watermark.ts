/**
 * How far a partition may be committed: everything below it has been accepted. Offsets come in ascending order but with
 * gaps (compaction, control records), so it counts what was handed over instead of the numbers in between.
 */
export class Watermark {
  /** In the order of handing over, which is ascending. */
  readonly #pending = new Set<bigint>();
  #end: bigint;

  /** @param start the first offset that this watermark answers for. */
  constructor(start: bigint) {
    this.#end = start;
  }

  /** The delivery at `offset` was handed over. @throws RangeError when it does not lie behind the last one. */
  handOver(offset: bigint): void {
    if (offset < this.#end) throw new RangeError(`offset ${offset} was handed over after ${this.#end - 1n}`);
    this.#pending.add(offset);
    this.#end = offset + 1n;
  }

  accept(offset: bigint): void {
    this.#pending.delete(offset);
  }

  /** There is nothing to hand over below `offset`: the rest are control records, or were compacted away. */
  skipTo(offset: bigint): void {
    if (offset > this.#end) this.#end = offset;
  }

  /** The offset to commit: the first one that is not accepted, or the one after the last. */
  get committable(): bigint {
    for (const first of this.#pending) return first;
    return this.#end;
  }

  get pending(): number {
    return this.#pending.size;
  }
}
