import { Watermark } from './watermark.js';

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;

/** What to do with a batch: hand its deliveries over to this watermark, or read the partition again from this offset. */
export type Continuation = { readonly watermark: Watermark } | { readonly readAgainFrom: bigint };

/** Where one assigned partition stands. Made anew at every rebalance, so that what belonged to an older one is inert. */
export class AssignedPartition {
  #watermark: Watermark | undefined;
  /** The offset that the next batch is to come from. */
  #position = 0n;
  #committed = 0n;
  #rejections = 0;
  #gapAt: bigint | undefined;
  #paused = false;

  /**
   * A batch must continue where the last one ended: one fetched before a rewind and handed on after it would make a gap,
   * which would then be committed over. So a gap is read again once; if it is still there, the retention has made it.
   */
  continueAt(fetchedFrom: bigint): Continuation {
    const watermark = this.#beginAt(fetchedFrom);
    if (fetchedFrom <= this.#position || this.#gapAt === this.#position) return { watermark };
    this.#gapAt = this.#position;
    return { readAgainFrom: this.#position };
  }

  /** Whether deliveries may still be handed over to this watermark: no rewind has replaced it. */
  isCurrent(watermark: Watermark): boolean {
    return watermark === this.#watermark && !this.#paused;
  }

  isHandedOver(offset: bigint): boolean {
    return offset < this.#position;
  }

  /** Everything below `offset` has been handed over, or holds no delivery. */
  moveTo(offset: bigint): void {
    if (offset > this.#position) this.#position = offset;
    this.#watermark?.skipTo(offset);
  }

  /** The records from `first` to `last` hold no delivery: they mark transactions, or belong to aborted ones. */
  skip(first: bigint, last: bigint): void {
    this.#beginAt(first);
    // Not so behind a gap: it may be the batch of before a rewind.
    if (!this.#paused && first <= this.#position) this.moveTo(last + 1n);
  }

  accept(watermark: Watermark, offset: bigint): void {
    watermark.accept(offset);
    this.#rejections = 0;
  }

  /**
   * Forgets what was handed over beyond the watermark, as it is to be read again.
   * Answers from where, and how long to wait first; undefined when a rewind has replaced this watermark already.
   */
  rewind(watermark: Watermark): { readonly offset: bigint; readonly pauseMs: number } | undefined {
    if (watermark !== this.#watermark) return undefined;
    const offset = watermark.committable;
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** this.#rejections, LONGEST_PAUSE_MS);
    this.#rejections += 1;
    this.#watermark = new Watermark(offset);
    this.#position = offset;
    this.#paused = true;
    return { offset, pauseMs };
  }

  resume(): void {
    this.#paused = false;
  }

  /** The offset to commit, or undefined when the broker has it. */
  get uncommitted(): bigint | undefined {
    const offset = this.#watermark?.committable;
    return offset !== undefined && offset > this.#committed ? offset : undefined;
  }

  committed(offset: bigint): void {
    this.#committed = offset;
  }

  #beginAt(offset: bigint): Watermark {
    if (this.#watermark === undefined) {
      this.#watermark = new Watermark(offset);
      this.#position = offset;
      this.#committed = offset;
    }
    return this.#watermark;
  }
}
