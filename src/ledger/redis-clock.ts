/** An answer that took longer than this says too little about when it was given, in ms. */
const LONGEST_LESSON_MS = 100;

/** Redis time on this process's monotonic clock, so that a wall clock that is set moves nothing. */
export class RedisClock {
  #offset: number | undefined;

  /** Learns from an answer that holds Redis time `redisMs`; both others by `performance.now()`. */
  learn(redisMs: number, askedAt: number, answeredAt: number): void {
    const short = answeredAt - askedAt <= LONGEST_LESSON_MS;
    if (short || this.#offset === undefined) this.#offset = redisMs - (askedAt + answeredAt) / 2;
  }

  /** Redis time now, in whole ms; the wall clock's before the first lesson. */
  now(): number {
    return this.#offset === undefined ? Date.now() : Math.round(performance.now() + this.#offset);
  }
}
