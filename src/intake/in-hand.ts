/** For how long a call to the provider counts as work of this process, in ms: waiting for a slow one costs it nothing. */
const CALL_MS = 100;

/**
 * A message that nothing is heard of for so much longer than it has lately taken has gone elsewhere: to another process, or
 * to wait. A fixed time would not do: where everything is slow, it would lift the bound just when it is needed.
 */
const TIMES_AS_LONG = 4;
const LEAST_PATIENCE_MS = 2_000;
const MOST_PATIENCE_MS = 30_000;

/** What the latest stay counts for in what one takes at present. */
const WEIGHT = 0.1;

interface Stay {
  /** By the monotonic clock, ms. */
  readonly since: number;
  readonly resolve: () => void;
  /** Its place is free again already, as it was given up or the provider is being asked. */
  left: boolean;
}

/**
 * The messages whose workflows this process has been handed at their start, until their first attempt at the reward has
 * ended. Intake keeps their places for so long. Without that it would start workflows faster than they are worked off: no
 * slot is free for an eager start then, and a flooded server loses tasks that it hands out through its queues, as it allows
 * itself one second to record that (temporalio/temporal, issue 11733).
 */
export class InHand {
  readonly #stays = new Map<string, Stay>();
  /** How long one takes at present until its attempt begins, ms. */
  #typicalMs = 0;

  /** Counts the message in. Resolves when it has left. */
  take(messageId: string): Promise<void> {
    this.leave(messageId);
    return new Promise((resolve) => {
      const stay: Stay = { since: performance.now(), resolve, left: false };
      this.#stays.set(messageId, stay);
      this.#leaveIn(this.#patienceMs(), stay);
      // It may still tell how long it took, by which later ones are judged.
      setTimeout(() => this.#stays.get(messageId) === stay && this.leave(messageId), MOST_PATIENCE_MS).unref();
    });
  }

  /** Its attempt has begun. */
  began(messageId: string): void {
    const stay = this.#stays.get(messageId);
    if (stay === undefined) return;
    this.#learn(performance.now() - stay.since);
    this.#leaveIn(CALL_MS, stay);
  }

  /** Its attempt has ended, or there will be none here for now. */
  leave(messageId: string): void {
    const stay = this.#stays.get(messageId);
    if (stay === undefined) return;
    this.#stays.delete(messageId);
    free(stay);
  }

  #patienceMs(): number {
    return Math.min(Math.max(LEAST_PATIENCE_MS, this.#typicalMs * TIMES_AS_LONG), MOST_PATIENCE_MS);
  }

  #learn(tookMs: number): void {
    this.#typicalMs += (tookMs - this.#typicalMs) * WEIGHT;
  }

  #leaveIn(ms: number, stay: Stay): void {
    setTimeout(() => free(stay), ms).unref();
  }
}

function free(stay: Stay): void {
  if (stay.left) return;
  stay.left = true;
  stay.resolve();
}
