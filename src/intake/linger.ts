import type { Side } from '../domain/side.js';
import type { Ledger, OwnerProgress } from '../ledger/ledger.js';
import { untilWoken, wakeAll } from './until-woken.js';

/** How long after its arrival the ledger is asked about a lingering message first, in ms. Without a lag that is enough. */
const FIRST_LOOK_MS = 150;

/** By what the pause to the next look grows, and the longest one, in ms: behind a backlog many linger for long. */
const PAUSE_GROWTH = 1.5;
const LONGEST_PAUSE_MS = 1_000;

/**
 * How much longer a message is lingered for that its owner has in its hands, or while its owner takes others that linger
 * here: the owner is busy, not ignorant, and a waiting workflow would only make it busier. If the owner dies with it in its
 * hands, or has never got it, that is the longest it goes unnoticed.
 */
const PATIENCE_WITH_A_BUSY_OWNER = 10;

/** How lingering ends: the other side has taken the message in hand, or it has not within its time. */
export type LingerEnd = 'taken' | 'expired';

export interface Visit {
  readonly messageId: string;
  readonly lingerMs: number;
  readonly signal: AbortSignal;
  /** It has a place in the room now. */
  readonly entered: () => void;
  readonly next: (how: LingerEnd) => Promise<void>;
}

interface Stay {
  readonly messageId: string;
  readonly lingerMs: number;
  /** By then the owner must have seen it, and by then claimed it (monotonic clock, ms). */
  readonly seenBy: number;
  readonly claimedBy: number;
  pauseMs: number;
  lookAt: number;
  readonly end: (how: LingerEnd) => void;
}

/**
 * Deliveries of messages that the other side owns and has not claimed yet. They stay unacknowledged for a moment, as in
 * the steady state the owner is just about to: so that a message costs one workflow, not one for each delivery.
 */
export class LingerRoom {
  readonly #ledger: Pick<Ledger, 'ownerProgress'>;
  readonly #owner: Side;
  readonly #places: number;
  readonly #staying = new Set<Stay>();
  readonly #waiters = new Set<() => void>();
  #taken = 0;
  /** When the owner was last seen to have taken a message that lingers here (monotonic clock, ms). */
  #tookOneAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /** `owner`: the other side, whose messages linger here. `places`: how many may at once. */
  constructor(ledger: Pick<Ledger, 'ownerProgress'>, owner: Side, places: number) {
    this.#ledger = ledger;
    this.#owner = owner;
    this.#places = places;
  }

  get size(): number {
    return this.#taken;
  }

  /**
   * Waits for room, and tells `entered`; then waits until the message is taken or `lingerMs` have passed (more, while its
   * owner is busy with it or with others that linger here), and does `next` with how it ended. The room's place is kept until
   * `next` is done, so that what waits for its turn afterwards is bounded too.
   *
   * Room comes about: each stay ends, and where both sides wait for room in each other's way, neither takes anything, so
   * that all of them end after `lingerMs`. Rejects with the signal's reason while it waits for room.
   */
  async linger({ messageId, lingerMs, signal, entered, next }: Visit): Promise<void> {
    while (this.#taken >= this.#places) await untilWoken(this.#waiters, signal);
    // In the same turn as the look above: of many that are woken at once, no more come in than there is room for.
    this.#taken += 1;
    try {
      entered();
      await next(await this.#stay(messageId, lingerMs));
    } finally {
      this.#taken -= 1;
      wakeAll(this.#waiters);
    }
  }

  /** Ends every stay, and every later one at once. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const { end } of this.#staying) end('expired');
    this.#staying.clear();
  }

  #stay(messageId: string, lingerMs: number): Promise<LingerEnd> {
    if (this.#closed) return Promise.resolve('expired');
    return new Promise((end) => {
      const now = performance.now();
      const claimedBy = now + lingerMs * PATIENCE_WITH_A_BUSY_OWNER;
      const pauseMs = Math.min(FIRST_LOOK_MS, lingerMs);
      this.#staying.add({
        messageId,
        lingerMs,
        seenBy: now + lingerMs,
        claimedBy,
        pauseMs,
        lookAt: now + pauseMs,
        end,
      });
      this.#timer ??= setTimeout(() => void this.#look(), pauseMs);
    });
  }

  async #look(): Promise<void> {
    const now = performance.now();
    const due = [...this.#staying].filter(({ lookAt }) => lookAt <= now);
    let progress: readonly OwnerProgress[];
    try {
      const ids = due.map(({ messageId }) => messageId);
      progress = await this.#ledger.ownerProgress(ids, this.#owner);
    } catch {
      // No answer is no reason to acknowledge: they stay until their time is up, and then go the way that holds.
      progress = [];
    }
    if (progress.includes('claimed')) this.#tookOneAt = now;
    for (const [index, stay] of due.entries()) this.#judge(stay, progress[index]);
    this.#timer = this.#staying.size === 0 ? undefined : setTimeout(() => void this.#look(), FIRST_LOOK_MS);
  }

  #judge(stay: Stay, come: OwnerProgress | undefined): void {
    const { lingerMs, seenBy, claimedBy, end } = stay;
    const now = performance.now();
    const until = come === 'seen' ? claimedBy : Math.min(Math.max(seenBy, this.#tookOneAt + lingerMs), claimedBy);
    if (come !== 'claimed' && now < until) {
      stay.pauseMs = Math.min(stay.pauseMs * PAUSE_GROWTH, LONGEST_PAUSE_MS);
      stay.lookAt = now + Math.min(stay.pauseMs, until - now);
      return;
    }
    this.#staying.delete(stay);
    end(come === 'claimed' ? 'taken' : 'expired');
  }
}
