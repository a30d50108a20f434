/** For how long a call to the provider counts as work of this process, in ms: waiting for a slow one costs it nothing. */
const CALL_MS = 100;

/** A message that nothing is heard of any more has gone elsewhere: to another process, or to wait. In ms. */
const LONGEST_MS = 2_000;

/**
 * The messages whose workflows this process has been handed at their start, until their first attempt at the reward has
 * ended. Intake keeps their places for so long. Without that it would start workflows faster than they are worked off: no
 * slot is free for an eager start then, and a flooded server loses tasks that it hands out through its queues, as it allows
 * itself one second to record that (temporalio/temporal, issue 11733).
 */
export class InHand {
  readonly #leaving = new Map<string, () => void>();

  /** Counts the message in. Resolves when it has left. */
  take(messageId: string): Promise<void> {
    this.leave(messageId);
    return new Promise((resolve) => {
      this.#leaving.set(messageId, resolve);
      this.#leaveIn(LONGEST_MS, messageId, resolve);
    });
  }

  /** Its attempt has begun. */
  began(messageId: string): void {
    const leaving = this.#leaving.get(messageId);
    if (leaving !== undefined) this.#leaveIn(CALL_MS, messageId, leaving);
  }

  /** Its attempt has ended, or there will be none here for now. */
  leave(messageId: string): void {
    const leaving = this.#leaving.get(messageId);
    this.#leaving.delete(messageId);
    leaving?.();
  }

  /** `leaving`: of this stay, as the message may have come again by then. */
  #leaveIn(ms: number, messageId: string, leaving: () => void): void {
    setTimeout(() => this.#leaving.get(messageId) === leaving && this.leave(messageId), ms).unref();
  }
}
