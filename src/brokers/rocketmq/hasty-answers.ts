/** The first pause after a hasty answer, and the longest, in ms: that of the long poll that was asked for. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

interface Streak {
  readonly since: number;
  readonly count: number;
}

/**
 * The brokers that answer "no new message" at once, again and again, although they were asked to wait: seen where the ACLs
 * of a RocketMQ cluster let the proxy poll and the broker refuse. Without a pause such a consumer polls as fast as it can;
 * and as no call fails, it would look as if there were nothing to consume. A single such answer is no fault: a poll that
 * found nothing but messages that the broker discards ends early, too.
 */
export class HastyAnswers {
  readonly #patienceMs: number;
  readonly #now: () => number;
  readonly #streaks = new Map<string, Streak>();

  /** `patienceMs`: for how long they may come until they count as a fault. `now`: a clock in ms that never goes back. */
  constructor(patienceMs = 30_000, now: () => number = () => performance.now()) {
    this.#patienceMs = patienceMs;
    this.#now = now;
  }

  /** Counts a hasty answer in. Returns the pause to make before the next poll, in ms. */
  came(broker: string): number {
    const { since, count } = this.#streaks.get(broker) ?? { since: this.#now(), count: 0 };
    this.#streaks.set(broker, { since, count: count + 1 });
    return Math.min(FIRST_PAUSE_MS * 2 ** Math.min(count, 16), LONGEST_PAUSE_MS);
  }

  /** Any other answer, or the broker's end. */
  ended(broker: string): void {
    this.#streaks.delete(broker);
  }

  /** A broker whose streak has become a fault, and how long it has lasted, in whole seconds. */
  get fault(): { readonly broker: string; readonly seconds: number } | undefined {
    for (const [broker, { since }] of this.#streaks) {
      const lastedMs = this.#now() - since;
      if (lastedMs >= this.#patienceMs) return { broker, seconds: Math.floor(lastedMs / 1_000) };
    }
    return undefined;
  }
}
