import type { Ledger } from '../ledger/ledger.js';

/** How often the ledger is asked about all lingering messages at once, in ms. */
const LOOK_EVERY_MS = 100;

interface Lingering {
  readonly messageId: string;
  readonly until: number;
  readonly leave: (end: LingerEnd) => void;
}

/** How lingering ends: the other side has taken the message in hand, or it has not within its time. */
export type LingerEnd = 'taken' | 'expired';

/**
 * Deliveries of messages that the other side owns and has not claimed yet. They stay unacknowledged for a moment, as in
 * the steady state the owner is just about to: so that a message costs one workflow, not one for each delivery.
 */
export class LingerRoom {
  readonly #ledger: Pick<Ledger, 'states'>;
  readonly #places: number;
  readonly #lingering = new Set<Lingering>();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(ledger: Pick<Ledger, 'states'>, places: number) {
    this.#ledger = ledger;
    this.#places = places;
  }

  get size(): number {
    return this.#lingering.size;
  }

  /** Resolves when the message is taken or `lingerMs` have passed; at once as `expired` when no place is left. */
  wait(messageId: string, lingerMs: number): Promise<LingerEnd> {
    if (this.#closed || lingerMs <= 0 || this.#lingering.size >= this.#places) return Promise.resolve('expired');
    return new Promise((leave) => {
      this.#lingering.add({ messageId, until: performance.now() + lingerMs, leave });
      this.#timer ??= setTimeout(() => void this.#look(), Math.min(LOOK_EVERY_MS, lingerMs));
    });
  }

  /** Ends every wait, and every later one at once. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const { leave } of this.#lingering) leave('expired');
    this.#lingering.clear();
  }

  async #look(): Promise<void> {
    const present = [...this.#lingering];
    let states: Awaited<ReturnType<Ledger['states']>>;
    try {
      states = await this.#ledger.states(present.map(({ messageId }) => messageId));
    } catch {
      // No answer is no reason to acknowledge: they stay until their time is up, and then go the way that holds.
      states = [];
    }
    const now = performance.now();
    present.forEach((lingering, index) => {
      const state = states[index];
      const taken = state !== undefined && state !== 'assigned';
      if (!taken && now < lingering.until) return;
      this.#lingering.delete(lingering);
      lingering.leave(taken ? 'taken' : 'expired');
    });
    this.#timer = this.#lingering.size === 0 ? undefined : setTimeout(() => void this.#look(), LOOK_EVERY_MS);
  }
}
