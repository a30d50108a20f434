import type { Ledger } from '../ledger/ledger.js';

/** How often the ledger is asked about all lingering messages at once, in ms. */
const LOOK_EVERY_MS = 100;

/** How lingering ends: the other side has taken the message in hand, or it has not within its time. */
export type LingerEnd = 'taken' | 'expired';

interface Stay {
  readonly messageId: string;
  readonly until: number;
  readonly end: (how: LingerEnd) => void;
}

/**
 * Deliveries of messages that the other side owns and has not claimed yet. They stay unacknowledged for a moment, as in
 * the steady state the owner is just about to: so that a message costs one workflow, not one for each delivery.
 */
export class LingerRoom {
  readonly #ledger: Pick<Ledger, 'states'>;
  readonly #places: number;
  readonly #staying = new Set<Stay>();
  #taken = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(ledger: Pick<Ledger, 'states'>, places: number) {
    this.#ledger = ledger;
    this.#places = places;
  }

  get size(): number {
    return this.#taken;
  }

  get isFull(): boolean {
    return this.#closed || this.#taken >= this.#places;
  }

  /**
   * Waits until the message is taken or `lingerMs` have passed, and then does `next` with how it ended. The room's place
   * is kept until `next` is done, so that what waits for its turn afterwards is bounded too.
   */
  async linger(messageId: string, lingerMs: number, next: (how: LingerEnd) => Promise<void>): Promise<void> {
    this.#taken += 1;
    try {
      await next(await this.#stay(messageId, lingerMs));
    } finally {
      this.#taken -= 1;
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
      this.#staying.add({ messageId, until: performance.now() + lingerMs, end });
      this.#timer ??= setTimeout(() => void this.#look(), Math.min(LOOK_EVERY_MS, lingerMs));
    });
  }

  async #look(): Promise<void> {
    const present = [...this.#staying];
    let states: Awaited<ReturnType<Ledger['states']>>;
    try {
      states = await this.#ledger.states(present.map(({ messageId }) => messageId));
    } catch {
      // No answer is no reason to acknowledge: they stay until their time is up, and then go the way that holds.
      states = [];
    }
    const now = performance.now();
    present.forEach((stay, index) => {
      const state = states[index];
      const taken = state !== undefined && state !== 'assigned';
      if (!taken && now < stay.until) return;
      this.#staying.delete(stay);
      stay.end(taken ? 'taken' : 'expired');
    });
    this.#timer = this.#staying.size === 0 ? undefined : setTimeout(() => void this.#look(), LOOK_EVERY_MS);
  }
}
