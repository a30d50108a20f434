import { randomUUID } from 'node:crypto';
import { closeRedis, connectRedis, readRedisUrl } from '../src/ledger/redis/connect.js';
import { createRedisLedger } from '../src/ledger/redis/redis-ledger.js';
import type { Ground } from './ground/ground.js';
import { drawIds } from './ground/publishing.js';
import { numberIn } from './measure/redis-info.js';
import { median } from './measure/statistics.js';

/** What one settled message holds in Redis, in bytes. */
export interface LedgerSize {
  /** By `MEMORY USAGE` of a record. */
  readonly record: number;
  /** The growth of all of Redis by one record: with its share of the tables of keys and of times to live. */
  readonly inAll: number;
  /** The same of a bare text of 12 bytes under such a key, with a time to live, by `MEMORY USAGE` and in all. */
  readonly bare: { readonly record: number; readonly inAll: number };
}

const RECORDS = 30_000;
const BATCH = 500;
const SAMPLE = 100;
const LIFETIME_MS = 15 * 86_400_000;

/** Writes settled records by the ledger's own scripts, in a database of their own, which is emptied afterwards. */
export async function measureLedger({ stack }: Ground): Promise<LedgerSize> {
  const client = connectRedis(readRedisUrl(`${stack.redis.url}/1`), { name: 'bench-size', onError: () => undefined });
  const ids = drawIds(RECORDS);
  const ledger = createRedisLedger(client, { migration: 'rewards', settledLifetimeMs: LIFETIME_MS });
  const key = (id: string): string => `handover:{rewards:${id}}`;

  async function settleOne(messageId: string): Promise<void> {
    const decision = { owner: 'kafka', reason: 'bucket 5812 > 5000', policyVersion: 12 } as const;
    const fingerprint = '0123456789abcdef';
    const seen = { messageId, fingerprint, decision, validUntil: Number.MAX_SAFE_INTEGER, checkAfterMs: 60_000 };
    for (const side of ['kafka', 'rocketmq'] as const) {
      await ledger.route([{ ...seen, side, beyondMemory: false, beforeStart: false }]);
    }
    const holder = { messageId, run: randomUUID(), origin: { decision, fingerprint } };
    await ledger.claim({ ...holder, side: 'kafka' });
    await ledger.begin({
      ...holder,
      owner: 'kafka',
      round: 1,
      attempt: 1,
      nonce: randomUUID(),
      cleared: 0,
      lastsMs: 1,
    });
    await ledger.settle({ ...holder, owner: 'kafka', round: 1, attempt: 1, outcome: 'granted' });
  }

  async function measure(write: (id: string) => Promise<unknown>): Promise<LedgerSize['bare']> {
    await client.flushdb();
    const usedBefore = numberIn(await client.info('memory'), 'used_memory');
    for (let at = 0; at < RECORDS; at += BATCH) await Promise.all(ids.slice(at, at + BATCH).map(write));
    const inAll = (numberIn(await client.info('memory'), 'used_memory') - usedBefore) / RECORDS;
    const sizes = await Promise.all(ids.slice(0, SAMPLE).map((id) => client.memory('USAGE', key(id))));
    await client.flushdb();
    return { record: median(sizes.map(Number)), inAll };
  }

  try {
    const bare = await measure((id) => client.set(key(id), 'x'.repeat(12), 'PX', LIFETIME_MS));
    return { ...(await measure(settleOne)), bare };
  } finally {
    await closeRedis(client);
  }
}
