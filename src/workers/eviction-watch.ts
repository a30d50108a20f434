import type { RedisClient } from '../ledger/redis/connect.js';
import { checkRedis, type RedisHealth } from '../ledger/redis/health.js';
import { RetriedCheck } from './retried-check.js';

export interface EvictionWatchOptions {
  readonly redis: RedisClient;
  /** Whether a Redis that may evict records is accepted: then it is not asked. */
  readonly accept: boolean;
  /** Pause between two looks, in ms. Default 30 000. */
  readonly everyMs?: number;
}

/**
 * Whether Redis would evict records when its memory is full. An evicted record forgets who owns a message, one by one and
 * without a trace: neither a restart nor a mark shows it. The policy may be changed at any time, so it is looked at again.
 */
export class EvictionWatch {
  readonly #check: RetriedCheck<RedisHealth> | undefined;
  readonly #first: Promise<void> | undefined;

  constructor({ redis, accept, everyMs = 30_000 }: EvictionWatchOptions) {
    if (accept) return;
    const ask = (): Promise<RedisHealth> => checkRedis(redis);
    const check = new RetriedCheck({ what: 'eviction of Redis', ask, isFinal: () => false, everyMs });
    this.#check = check;
    // Not waited for: a Redis that is away is told as such, and holds up no start by this.
    this.#first = check.ask().then(() => check.keepAsking(() => undefined));
  }

  /** Why the process is not ready, a sentence each. */
  reasons(): readonly string[] {
    const warnings = this.#check?.answer?.warnings ?? [];
    return warnings.map((warning) => `redis: ${warning} Or set acceptEviction: true.`);
  }

  /** What could not be asked yet, a sentence each. */
  unchecked(): readonly string[] {
    const unchecked = this.#check?.unchecked;
    return unchecked === undefined ? [] : [unchecked];
  }

  async stop(): Promise<void> {
    await this.#first;
    await this.#check?.stop();
  }
}
