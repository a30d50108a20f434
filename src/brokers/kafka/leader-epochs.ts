/** Which leader wrote the records of a partition, as far as they were read: the epochs, and where each of them begins. */
export class LeaderEpochs {
  /** Ascending by `from`; an epoch that is undefined is one that was not told. */
  #spans: readonly { readonly epoch: number | undefined; readonly from: bigint }[] = [];

  /** The records from `from` on were written in `epoch`, until another one is observed. */
  observe(epoch: number | undefined, from: bigint): void {
    const last = this.#spans.at(-1);
    if (last === undefined ? epoch === undefined : last.epoch === epoch) return;
    this.#spans = [...this.#spans, { epoch, from }];
  }

  /** The epoch of the record before `offset`; undefined if it is not known. */
  before(offset: bigint): number | undefined {
    return this.#spans.findLast(({ from }) => from < offset)?.epoch;
  }

  /** What was observed from `offset` on is no more. */
  forgetFrom(offset: bigint): void {
    this.#spans = this.#spans.filter(({ from }) => from < offset);
  }

  /** Nobody will ask for what lies before `offset` any more. */
  forgetBefore(offset: bigint): void {
    const needed = this.#spans.findLastIndex(({ from }) => from < offset);
    if (needed > 0) this.#spans = this.#spans.slice(needed);
  }
}
