import { type Decision, type DecisionInput, decider, type Policy } from '../../../domain/policy/policy.js';
import type { PolicyReading, PolicyStore } from './policy-store.js';

/** How long after it was read a policy may be used, in ms of Redis time: this bounds how long a change can go unseen. */
const POLICY_VALID_MS = 2_000;

/** Pause between two looks, in ms: with the answer's own time it stays below the 500 ms that a copy may be old. */
const POLICY_PAUSE_MS = 400;

/** A policy that may be used now. */
export interface CurrentPolicy {
  readonly policy: Policy;
  /** Redis time (ms) until which its decisions may be recorded. */
  readonly validUntil: number;
  readonly decide: (input: DecisionInput) => Decision;
}

/** Why there is no policy to use. `older`: Redis shows a version below one that was seen. `expired`: Redis is silent. */
export type WhyUnknown = 'not read yet' | 'missing' | 'unreadable' | 'older' | 'expired';

export interface PolicyCacheOptions {
  readonly store: Pick<PolicyStore, 'read' | 'subscribe'>;
  /** Told of each look that Redis did not answer; the next one follows by itself. */
  readonly onError: (error: unknown) => void;
  /**
   * The version on which the copy and the cutover workflow were last found to agree, and when that look began (monotonic,
   * ms). A lower version than one that was seen is believed after such a look only: a copy that no workflow ever made had
   * the higher one, and was taken away. Default: none.
   */
  readonly agreed?: () => { readonly version: number; readonly lookedAt: number } | undefined;
}

/**
 * The consumers' view of the policy: read every 400 ms and at each change. It rather knows nothing than something old: a
 * copy that is missing, unreadable or of a lower version makes it unknown at once, and 2 s without an answer do too.
 */
export class PolicyCache {
  readonly #store: PolicyCacheOptions['store'];
  readonly #onError: (error: unknown) => void;
  readonly #agreed: NonNullable<PolicyCacheOptions['agreed']>;
  readonly #clock = new RedisClock();
  readonly #listeners = new Set<() => void>();
  /** Of {@link whenKnown}: woken at each look, as one that expires between two looks is known again without a change. */
  readonly #waiters = new Set<() => void>();
  #held: CurrentPolicy | undefined;
  #whyUnknown: WhyUnknown = 'not read yet';
  #highestVersion = 0;
  /** When that version was read last (monotonic, ms). */
  #highestAt = 0;
  #look: Promise<void> | undefined;
  #nextLook: Promise<void> | undefined;
  #told = '';
  #running = false;
  #lookTimer: NodeJS.Timeout | undefined;
  #expiryTimer: NodeJS.Timeout | undefined;
  #subscription: Promise<(() => Promise<void>) | undefined> | undefined;

  constructor({ store, onError, agreed = () => undefined }: PolicyCacheOptions) {
    this.#store = store;
    this.#onError = onError;
    this.#agreed = agreed;
  }

  /** Begins to look, and goes on until {@link stop}. */
  start(): void {
    if (this.#running) return;
    this.#running = true;
    void this.#keepLooking();
  }

  async stop(): Promise<void> {
    this.#running = false;
    clearTimeout(this.#lookTimer);
    clearTimeout(this.#expiryTimer);
    const unsubscribe = await this.#subscription;
    this.#subscription = undefined;
    await unsubscribe?.();
  }

  /** The policy, or undefined while it is not known. */
  current(): CurrentPolicy | undefined {
    return this.#held !== undefined && this.#clock.now() <= this.#held.validUntil ? this.#held : undefined;
  }

  /** Why {@link current} is undefined, for people; undefined while it is not. */
  get whyUnknown(): WhyUnknown | undefined {
    if (this.current() !== undefined) return undefined;
    return this.#held === undefined ? this.#whyUnknown : 'expired';
  }

  /** The policy as soon as it is known. Rejects with the signal's reason once that is aborted. */
  whenKnown(signal: AbortSignal): Promise<CurrentPolicy> {
    const known = this.current();
    if (known !== undefined) return Promise.resolve(known);
    if (signal.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        const now = this.current();
        if (now === undefined && !signal.aborted) return;
        leave();
        signal.removeEventListener('abort', settle);
        if (now === undefined) reject(signal.reason);
        else resolve(now);
      };
      const leave = (): boolean => this.#waiters.delete(settle);
      this.#waiters.add(settle);
      signal.addEventListener('abort', settle);
    });
  }

  /** Calls `listener` whenever the version changes or the policy becomes known or unknown. Answers how to stop that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Redis time now (ms), by this process's monotonic clock. Before the first look, the wall clock must do. */
  redisNow(): number {
    return this.#clock.now();
  }

  /**
   * Looks now. Throws what the store throws.
   * A look that is under way may have been answered before what the caller wants to see, so another one follows it.
   */
  refresh(): Promise<void> {
    if (this.#look === undefined) {
      this.#look = this.#lookOnce().finally(() => {
        this.#look = undefined;
      });
      return this.#look;
    }
    this.#nextLook ??= this.#look
      .catch(() => undefined) // Its own caller hears of that.
      .then(() => {
        this.#nextLook = undefined;
        return this.refresh();
      });
    return this.#nextLook;
  }

  async #keepLooking(): Promise<void> {
    this.#subscription ??= this.#subscribe();
    try {
      await this.refresh();
    } catch (error) {
      this.#onError(error);
    }
    if (this.#running) this.#lookTimer = setTimeout(() => void this.#keepLooking(), POLICY_PAUSE_MS);
  }

  /** Looks at each change that is announced. Where that fails, the next regular look tries to subscribe again. */
  async #subscribe(): Promise<(() => Promise<void>) | undefined> {
    try {
      return await this.#store.subscribe(() => {
        this.refresh().catch(this.#onError);
      });
    } catch (error) {
      this.#subscription = undefined;
      this.#onError(error);
      return undefined;
    }
  }

  async #lookOnce(): Promise<void> {
    const askedAt = performance.now();
    const reading = await this.#store.read();
    this.#clock.learn(reading.readAt, askedAt, performance.now());
    this.#take(reading);
    this.#tell();
    clearTimeout(this.#expiryTimer);
    // Should nothing be read until then, the listeners hear of that. One more ms, as `validUntil` itself is still valid.
    if (this.#held !== undefined) this.#expiryTimer = setTimeout(() => this.#tell(), POLICY_VALID_MS + 1);
    if (!this.#running) clearTimeout(this.#expiryTimer);
  }

  #take(reading: PolicyReading): void {
    const problem = this.#problemOf(reading);
    if (problem !== undefined || !reading.known) {
      this.#held = undefined;
      this.#whyUnknown = problem ?? 'missing';
      return;
    }
    const { policy, readAt } = reading;
    this.#highestVersion = policy.version;
    this.#highestAt = performance.now();
    // Compiled once per version, not twice a second: the whitelist may be long. A copy that was tampered with at the same
    // version differs in more than its time, so it is the text that tells.
    const same = JSON.stringify(this.#held?.policy) === JSON.stringify(policy);
    const decide = same && this.#held !== undefined ? this.#held.decide : decider(policy);
    this.#held = { policy, validUntil: readAt + POLICY_VALID_MS, decide };
  }

  #problemOf(reading: PolicyReading): WhyUnknown | undefined {
    if (!reading.known) return reading.reason;
    const { version } = reading.policy;
    if (version >= this.#highestVersion) return undefined;
    const agreed = this.#agreed();
    return agreed?.version === version && agreed.lookedAt > this.#highestAt ? undefined : 'older';
  }

  #tell(): void {
    for (const waiter of [...this.#waiters]) waiter();
    const state = String(this.current()?.policy.version ?? this.whyUnknown);
    if (state === this.#told) return;
    this.#told = state;
    for (const listener of [...this.#listeners]) listener();
  }
}

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
