import {
  beginStay,
  FIRST_LOOK_MS,
  judgeStay,
  LONGEST_PAUSE_MS,
  type Progress,
  type Stay,
} from '../../domain/flow/patience.js';
import type { Side } from '../../domain/side.js';
import type { Ledger } from '../../ledger/ledger.js';
import type { FlowControl, Ticket } from '../flow-control.js';
import type { Arrival } from '../router.js';

export interface OwnerWatchOptions {
  readonly ledger: Pick<Ledger, 'ownerProgress'>;
  /** The other side, whose messages are watched. */
  readonly owner: Side;
  readonly lingerMs: number;
  readonly ownerIsPast: (arrival: Arrival) => boolean;
  readonly flow: FlowControl;
}

interface Watched {
  readonly ticket: Ticket;
  readonly arrival: Arrival;
  /** While it lingers. */
  stay: Stay | undefined;
  /** Monotonic clock, ms. */
  lookAt: number;
}

/**
 * Watches the deliveries that wait for the other side, their owner: in the queue for room, lingering, or held. What that
 * side has claimed is accepted, and what it is proved past, or has left alone for its time, is sent on. So that in the
 * steady state a message costs one workflow, not one for each delivery.
 */
export class OwnerWatch {
  readonly #options: OwnerWatchOptions;
  readonly #watched = new Map<Ticket, Watched>();
  /** When the owner was last seen to have claimed a message that is watched here (monotonic clock, ms). */
  #tookOneAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: OwnerWatchOptions) {
    this.#options = options;
  }

  /** Watches it while `wait` is under way, and answers what that does. */
  async during<T>(ticket: Ticket, arrival: Arrival, wait: Promise<T>): Promise<T> {
    const now = performance.now();
    this.#watched.set(ticket, { ticket, arrival, stay: undefined, lookAt: now + LONGEST_PAUSE_MS });
    if (!this.#stopped) this.#timer ??= setTimeout(() => void this.#look(), FIRST_LOOK_MS);
    try {
      return await wait;
    } finally {
      this.#watched.delete(ticket);
    }
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    const now = performance.now();
    const due = [...this.#watched.values()].filter((watched) => this.#isDue(watched, now));
    const progress = await this.#askLedger(due);
    if (progress.includes('claimed')) this.#tookOneAt = now;
    for (const [index, watched] of due.entries()) this.#judge(watched, progress[index]);
    this.#timer =
      this.#stopped || this.#watched.size === 0 ? undefined : setTimeout(() => void this.#look(), FIRST_LOOK_MS);
  }

  /** Also begins the stay of one that has come to linger; sends on what its owner is past, without a look. */
  #isDue(watched: Watched, now: number): boolean {
    const { ticket, arrival } = watched;
    const { lingerMs, ownerIsPast, flow } = this.#options;
    if (ticket.stage !== 'due' && ownerIsPast(arrival)) {
      flow.sendOn(ticket);
      return false;
    }
    if (ticket.stage !== 'lingering') return watched.lookAt <= now;
    watched.stay ??= beginStay(ticket.since, lingerMs);
    return watched.stay.lookAt <= now;
  }

  async #askLedger(due: readonly Watched[]): Promise<readonly Progress[]> {
    const { ledger, owner } = this.#options;
    if (due.length === 0) return [];
    try {
      const ids = due.map(({ arrival }) => arrival.message.messageId);
      return await ledger.ownerProgress(ids, owner);
    } catch {
      // No answer is no reason to acknowledge: they stay until their time is up, and then go the way that holds.
      return [];
    }
  }

  #judge(watched: Watched, progress: Progress): void {
    const { ticket, stay } = watched;
    const { flow } = this.#options;
    const now = performance.now();
    if (!this.#watched.has(ticket)) return;
    if (progress === 'claimed') {
      flow.leave(ticket, 'accepted');
      return;
    }
    watched.lookAt = now + LONGEST_PAUSE_MS;
    if (ticket.stage !== 'lingering' || stay === undefined) return;
    const judgement = judgeStay(stay, progress, now, this.#tookOneAt);
    if (judgement === 'expired') flow.sendOn(ticket);
    else if (judgement !== 'claimed') watched.stay = judgement;
  }
}
