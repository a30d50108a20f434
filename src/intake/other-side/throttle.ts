import { toError } from '../../domain/errors.js';
import { decideHold, roomFor } from '../../domain/flow/throttle.js';
import type { Log } from '../../domain/log.js';
import { otherSide, type Side } from '../../domain/side.js';
import type { WaitingMessages } from '../../ledger/redis/stores/waiting-messages.js';

/** How often the waiting messages are counted, in ms, and at every how many counts each is looked at. */
const EVERY_MS = 1_000;
const VERIFY_EVERY = 10;

/** From this part of the limit on, each waiting message is looked at whenever they are counted. */
const CLOSE = 0.8;

export interface ThrottleOptions {
  readonly side: Side;
  /** How many messages may wait for the other side. */
  readonly limit: number;
  readonly waiting: WaitingMessages;
  readonly log: Log;
}

/**
 * Keeps a side that is far ahead of the other from turning its whole backlog into waiting workflows: what would wait beyond
 * the limit is held, unacknowledged. What is counted is in Redis, so all processes of a side hold together; nothing that
 * ends a wait needs what is held here.
 */
export class Throttle {
  readonly #side: Side;
  readonly #limit: number;
  readonly #waiting: WaitingMessages;
  readonly #log: Log;
  #counts: Readonly<Record<Side, number>> | undefined;
  #heldSince: number | undefined;
  #onRelease: () => void = () => undefined;
  #look: Promise<void> | undefined;
  #looks = 0;
  #timer: NodeJS.Timeout | undefined;
  #running = false;

  constructor({ side, limit, waiting, log }: ThrottleOptions) {
    this.#side = side;
    this.#limit = limit;
    this.#waiting = waiting;
    this.#log = log;
  }

  get holding(): boolean {
    return this.#heldSince !== undefined;
  }

  /** What it holds for, and since when (ms since the epoch); undefined while it does not. */
  get hold(): { readonly what: string; readonly since: number } | undefined {
    const owner = otherSide(this.#side);
    const waiting = this.#counts?.[owner] ?? this.#limit;
    return this.#heldSince === undefined
      ? undefined
      : {
          what: `throttle: ${waiting} messages wait for ${owner}, and ${this.#limit} may; bring it back, or set failover`,
          since: this.#heldSince,
        };
  }

  /** Has `listener` called whenever a hold has ended. There is one listener: the intake. */
  onRelease(listener: () => void): void {
    this.#onRelease = listener;
  }

  /** Messages that wait for each side, as they were counted last; undefined before the first count. */
  get counts(): Readonly<Record<Side, number>> | undefined {
    return this.#counts;
  }

  start(): void {
    this.#running = true;
    void this.#keepLooking();
  }

  async stop(): Promise<void> {
    this.#running = false;
    clearTimeout(this.#timer);
    await this.#look;
  }

  /**
   * Counts a message as one that is about to wait for the other side. False: there is no room, and this side holds from
   * now on, until a look finds otherwise. One that is counted already has room, also during a hold: its process may have
   * died before it started the workflow that would end the wait.
   * @throws HandoverError `ledger-unavailable`
   */
  async enter(messageId: string): Promise<boolean> {
    const owner = otherSide(this.#side);
    const held = this.holding;
    const room = held ? 0 : roomFor({ forMe: this.#counts?.[this.#side] ?? 0, limit: this.#limit });
    const { entered, waiting } = await this.#waiting.enter(owner, messageId, room);
    if (this.#counts !== undefined) this.#counts = { ...this.#counts, [owner]: waiting };
    if (entered) return true;
    this.#hold(waiting);
    // Many of those that are counted may have been claimed since: this may end the hold at once.
    if (!held) await this.#lookOnce();
    return false;
  }

  async #keepLooking(): Promise<void> {
    await this.#lookOnce();
    if (this.#running) this.#timer = setTimeout(() => void this.#keepLooking(), EVERY_MS);
  }

  #lookOnce(): Promise<void> {
    this.#look ??= this.#count()
      .catch((error: unknown) => {
        // Redis is away, so intake holds for that; the next look follows.
        this.#log.debug({ error: toError(error).message }, 'the waiting messages could not be counted');
      })
      .finally(() => {
        this.#look = undefined;
      });
    return this.#look;
  }

  async #count(): Promise<void> {
    const owner = otherSide(this.#side);
    let counts = await this.#waiting.count();
    const due = this.#looks % VERIFY_EVERY === 0;
    this.#looks += 1;
    if (due || this.holding || counts[owner] >= this.#limit * CLOSE) {
      const [forOther, forMe] = await Promise.all([this.#waiting.verify(owner), this.#waiting.verify(this.#side)]);
      counts = { ...counts, [owner]: forOther, [this.#side]: forMe };
    }
    this.#counts = counts;
    const waits = { forOther: counts[owner], forMe: counts[this.#side], limit: this.#limit };
    if (decideHold({ ...waits, holding: this.holding })) this.#hold(waits.forOther);
    else this.#release(waits.forOther);
  }

  #hold(waiting: number): void {
    if (this.holding) return;
    this.#heldSince = Date.now();
    this.#log.warn(
      { side: this.#side, waiting, limit: this.#limit },
      `intake holds: too many messages wait for ${otherSide(this.#side)}`,
    );
  }

  #release(waiting: number): void {
    if (!this.holding) return;
    this.#heldSince = undefined;
    this.#log.info({ side: this.#side, waiting }, 'intake goes on: fewer messages wait');
    this.#onRelease();
  }
}
