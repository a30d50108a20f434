import { setMaxListeners } from 'node:events';
import { LeaderEpochs } from './leader-epochs.js';
import type { LogPoint, Placement } from './offsets/placement.js';
import { Watermark } from './watermark.js';

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;
/** Accepted deliveries that are remembered behind one that is pending; one that is forgotten may be taken twice. */
const MOST_REMEMBERED = 50_000;
/** A partition that has come back to one offset so often does not move. */
const STUCK_AFTER = 5;

/** What to do with a batch: hand its deliveries over to this watermark, or read the partition again from this offset. */
export type Continuation = { readonly watermark: Watermark } | { readonly readAgainFrom: bigint };

/** A delivery that the sink has taken. */
export interface Held {
  readonly offset: bigint;
  accepted: boolean;
}

/** What follows from a rejection: read again from here after a pause; or nothing can be read again, as the log has lost it. */
export type Rewind = { readonly offset: bigint; readonly pauseMs: number } | 'lost';

/**
 * Where one partition stands, from the join that brings it to this process until the one that takes it away. Each join in
 * between places it anew; the deliveries that the sink still holds are then joined by their offsets, not taken again.
 */
export class AssignedPartition {
  readonly #withdrawal = new AbortController();
  readonly #epochs = new LeaderEpochs();
  /** In the order of taking. What belongs to a log that is no more is not among them. */
  #held = new Map<bigint, Held>();
  #remembered = 0;
  #topicId: string | undefined;
  /** Undefined until the partition is placed. */
  #watermark: Watermark | undefined;
  /** The offset that the next batch is to come from. */
  #position = 0n;
  /** The highest position so far; undefined before the first placement. */
  #furthest: bigint | undefined;
  /** What the broker has for the group, or where it begins without that. */
  #committed = 0n;
  /** What the broker has lies beyond the log, and is to be taken back. */
  #takesBack = false;
  /** What lies below it cannot be read again. */
  #low = 0n;
  #skippedTo = 0n;
  #rejections = 0;
  #returns = { to: -1n, times: 0 };
  #paused = false;

  constructor() {
    // As many listen as there are deliveries in hand: that is no leak.
    setMaxListeners(0, this.#withdrawal.signal);
  }

  /** Aborted once the partition is another member's, which delivers again what is pending here. */
  get withdrawn(): AbortSignal {
    return this.#withdrawal.signal;
  }

  withdraw(): void {
    this.interrupt();
    this.#held = new Map();
    this.#withdrawal.abort(new Error('its partition went to another member of the group'));
  }

  /** A join makes the position uncertain: nothing is handed over and nothing committed until `place`. */
  interrupt(): void {
    this.#watermark = undefined;
    this.#paused = false;
  }

  get isPlaced(): boolean {
    return this.#watermark !== undefined;
  }

  /** How far it has been read; undefined before the first placement. */
  get walked(): LogPoint | undefined {
    return this.#furthest === undefined ? undefined : this.#pointAt(this.#furthest);
  }

  /** @param committed what the group has committed, if anything. */
  place({ at, from, kind, goneFrom }: Placement, topicId: string | undefined, committed: LogPoint | undefined): void {
    if (goneFrom !== undefined) this.#forgetFrom(goneFrom);
    if (committed !== undefined && goneFrom === undefined && committed.position > (this.#furthest ?? 0n)) {
      this.#epochs.observe(committed.epoch, committed.position - 1n);
    }
    this.#topicId = topicId;
    this.#committed = committed?.position ?? at;
    this.#takesBack = kind === 'replaced' || kind === 'truncated';
    this.#low = kind === 'trimmed' ? at : 0n;
    if (goneFrom !== undefined) this.#skippedTo = 0n;
    if (kind === 'trimmed') this.#skippedTo = max(this.#skippedTo, at);
    this.#furthest = max(this.#furthest ?? at, at);
    this.#walkFrom(at, from);
    this.#paused = false;
  }

  /**
   * A batch is taken only if it reaches from the position on. One that was fetched for another position (before a rewind,
   * before a join) would leave out what lies between, and the commit would pass over it.
   */
  continueAt(fetchedFrom: bigint, last: bigint): Continuation | undefined {
    if (this.#watermark === undefined || this.#paused) return undefined;
    if (fetchedFrom <= this.#position && this.#position <= last) return { watermark: this.#watermark };
    this.#countReturn(this.#position);
    return { readAgainFrom: this.#position };
  }

  /** Up to where positions were passed over that the log held no more. */
  get skippedTo(): bigint {
    return this.#skippedTo;
  }

  /** Where the next batch is to go on. */
  get next(): LogPoint {
    return this.#pointAt(this.#position);
  }

  /** Whether deliveries may still be handed over to this watermark: no rewind and no join has replaced it. */
  isCurrent(watermark: Watermark): boolean {
    return watermark === this.#watermark && !this.#paused;
  }

  isHandedOver(offset: bigint): boolean {
    return offset < this.#position;
  }

  isHeld(offset: bigint): boolean {
    return this.#held.has(offset);
  }

  /** How many offsets from `from` to `to` the sink has or has accepted, as far as is remembered. */
  heldBetween(from: bigint, to: bigint): number {
    return [...this.#held.keys()].filter((offset) => from <= offset && offset < to).length;
  }

  /** The sink has this delivery since before a rewind or a join: its outcome counts here too. */
  rejoin(watermark: Watermark, offset: bigint): void {
    watermark.handOver(offset);
    if (this.#held.get(offset)?.accepted) watermark.accept(offset);
  }

  /** The sink takes this delivery. */
  handOver(watermark: Watermark, offset: bigint): Held {
    const held = { offset, accepted: false };
    this.#held.set(offset, held);
    watermark.handOver(offset);
    return held;
  }

  /** Everything below `offset` has been handed over, or holds no delivery. @param epoch that of the record before it. */
  moveTo(offset: bigint, epoch: number | undefined): void {
    if (offset <= this.#position) return;
    if (offset > (this.#furthest ?? 0n)) {
      this.#epochs.observe(epoch, this.#furthest ?? offset - 1n);
      this.#furthest = offset;
    }
    this.#position = offset;
    this.#watermark?.skipTo(offset);
  }

  /** The records from `first` to `last` hold no delivery: they mark transactions, or belong to aborted ones. */
  skip(first: bigint, last: bigint): void {
    if (this.#watermark === undefined || this.#paused || first > this.#position) return;
    this.moveTo(last + 1n, undefined);
  }

  accept(held: Held): void {
    if (this.#held.get(held.offset) !== held) return;
    held.accepted = true;
    this.#rejections = 0;
    this.#watermark?.accept(held.offset);
    if (held.offset < this.#committed || this.#remembered >= MOST_REMEMBERED) this.#held.delete(held.offset);
    else this.#remembered += 1;
  }

  /** Undefined when nothing need be done: it is read again anyway, or it is another member's. */
  reject(held: Held): Rewind | undefined {
    const { offset } = held;
    if (this.#held.get(offset) !== held) return undefined;
    this.#held.delete(offset);
    const watermark = this.#watermark;
    if (watermark === undefined || offset < this.#committed || offset >= this.#position) return undefined;
    if (offset < this.#low) {
      watermark.accept(offset);
      return 'lost';
    }
    const first = watermark.committable;
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** this.#rejections, LONGEST_PAUSE_MS);
    this.#rejections += 1;
    this.#walkFrom(max(first, this.#low), first);
    this.#countReturn(this.#position);
    this.#paused = true;
    return { offset: this.#position, pauseMs };
  }

  resume(): void {
    this.#paused = false;
  }

  /** What to commit, or undefined when the broker has it. */
  get uncommitted(): LogPoint | undefined {
    const offset = this.#watermark?.committable;
    if (offset === undefined || offset === this.#committed) return undefined;
    return offset > this.#committed || this.#takesBack ? this.#pointAt(offset) : undefined;
  }

  /** The broker has this. It counts for nothing if it is a position in a log that is no more. */
  committed({ position: offset, topicId }: LogPoint): void {
    if (topicId !== this.#topicId) return;
    this.#committed = offset;
    this.#takesBack = false;
    this.#epochs.forgetBefore(offset);
    for (const [at, { accepted }] of this.#held) {
      if (at >= offset) break;
      if (!accepted) continue;
      this.#held.delete(at);
      this.#remembered -= 1;
    }
  }

  /** The offset to which it comes back again and again without moving; undefined while it moves. */
  get stuckAt(): bigint | undefined {
    const { to, times } = this.#returns;
    const stands = to === this.#position || to === this.#watermark?.committable;
    return times >= STUCK_AFTER && stands ? to : undefined;
  }

  /** What is held between `from` and `at` cannot be read again, and still holds back the commits. */
  #walkFrom(at: bigint, from: bigint): void {
    const behind = [...this.#held.values()].filter(
      ({ offset, accepted }) => !accepted && from <= offset && offset < at,
    );
    const offsets = behind.map(({ offset }) => offset).sort((a, b) => (a < b ? -1 : 1));
    this.#watermark = new Watermark(offsets[0] ?? at);
    for (const offset of offsets) this.#watermark.handOver(offset);
    this.#watermark.skipTo(at);
    this.#position = at;
  }

  #forgetFrom(goneFrom: bigint): void {
    this.#held = new Map([...this.#held].filter(([offset]) => offset < goneFrom));
    this.#remembered = [...this.#held.values()].filter(({ accepted }) => accepted).length;
    this.#epochs.forgetFrom(goneFrom);
    if (this.#furthest !== undefined && this.#furthest > goneFrom) this.#furthest = goneFrom;
  }

  #countReturn(to: bigint): void {
    this.#returns = { to, times: this.#returns.to === to ? this.#returns.times + 1 : 1 };
  }

  #pointAt(position: bigint): LogPoint {
    return { position, topicId: this.#topicId, epoch: this.#epochs.before(position) };
  }
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
