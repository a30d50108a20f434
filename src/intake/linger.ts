import type { Side } from '../domain/side.js';
import type { Ledger, OwnerProgress } from '../ledger/ledger.js';

/** How often the ledger is asked about all lingering messages at once, in ms. */
const LOOK_EVERY_MS = 150;

/**
 * How much longer a message is lingered for that its owner has in its hands: the owner is busy, not ignorant, and a
 * waiting workflow for it would only make it busier. If the owner dies meanwhile, that is the longest it goes unnoticed.
 */
const PATIENCE_WITH_A_BUSY_OWNER = 10;

/** How lingering ends: the other side has taken the message in hand, or it has not within its time. */
export type LingerEnd = 'taken' | 'expired';

interface Stay {
  readonly messageId: string;
  /** By then the owner must have seen it, and by then claimed it (monotonic clock, ms). */
  readonly seenBy: number;
  readonly claimedBy: number;
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
  #taken = 0;
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

  get isFull(): boolean {
    return this.#closed || this.#taken >= this.#places;
  }

  /**
   * Waits until the message is taken or `lingerMs` have passed (more, once its owner has seen it), and then does `next` with how it ended. The room's place
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
      const now = performance.now();
      const claimedBy = now + lingerMs * PATIENCE_WITH_A_BUSY_OWNER;
      this.#staying.add({ messageId, seenBy: now + lingerMs, claimedBy, end });
      this.#timer ??= setTimeout(() => void this.#look(), Math.min(LOOK_EVERY_MS, lingerMs));
    });
  }

  async #look(): Promise<void> {
    const present = [...this.#staying];
    let progress: readonly OwnerProgress[];
    try {
      const ids = present.map(({ messageId }) => messageId);
      progress = await this.#ledger.ownerProgress(ids, this.#owner);
    } catch {
      // No answer is no reason to acknowledge: they stay until their time is up, and then go the way that holds.
      progress = [];
    }
    const now = performance.now();
    present.forEach((stay, index) => {
      const come = progress[index];
      if (come !== 'claimed' && now < (come === 'seen' ? stay.claimedBy : stay.seenBy)) return;
      this.#staying.delete(stay);
      stay.end(come === 'claimed' ? 'taken' : 'expired');
    });
    this.#timer = this.#staying.size === 0 ? undefined : setTimeout(() => void this.#look(), LOOK_EVERY_MS);
  }
}
