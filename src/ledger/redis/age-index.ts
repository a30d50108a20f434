import type { RedisClient } from './connect.js';
import { INDEX_SHARDS, indexShardOf, keys } from './keys.js';
import { ask, runScript } from './run-script.js';

/** One message of the age index. */
export interface Indexed {
  readonly messageId: string;
  /** When it was entered, or last looked at by a sweeper (Redis time, ms). */
  readonly at: number;
}

/** Messages that are read from a shard at once. */
const PAGE = 128;

const PURPOSE = { what: 'keep the age index' };

/**
 * The messages that may be unsettled, by age: a superset, as a message enters it before it is acknowledged and leaves it
 * after it is settled, each in a step of its own. Spread over shards that share no slot of a cluster with the records.
 */
export interface AgeIndex {
  enter(messageIds: readonly string[]): Promise<void>;
  leave(messageIds: readonly string[]): Promise<void>;
  /** Puts a message that is in the index behind all others. */
  renew(messageId: string): Promise<void>;
  /** The oldest first, of those that were entered or renewed before `beforeMs` (Redis time). */
  oldest(beforeMs: number): AsyncGenerator<Indexed>;
}

export function createAgeIndex(client: RedisClient, migration: string): AgeIndex {
  const shardKey = (shard: number): string => keys.indexShard(migration, shard);

  async function write(mode: 'NX' | 'XX', messageIds: readonly string[]): Promise<void> {
    await Promise.all(
      [...byShard(messageIds)].map(([shard, ids]) =>
        runScript(client, 'index', [shardKey(shard)], [mode, ...ids], PURPOSE),
      ),
    );
  }

  return {
    enter: (messageIds) => write('NX', messageIds),

    async leave(messageIds) {
      await Promise.all(
        [...byShard(messageIds)].map(([shard, ids]) =>
          ask(client, PURPOSE, () => client.zrem(shardKey(shard), ...ids)),
        ),
      );
    },

    renew: (messageId) => write('XX', [messageId]),

    async *oldest(beforeMs) {
      const before = `(${beforeMs}`;
      const shards = Array.from({ length: INDEX_SHARDS }, (_, shard) => walkByAge(client, shardKey(shard), before));
      const heads = await Promise.all(shards.map((shard) => shard.next()));
      for (;;) {
        const first = indexOfOldest(heads);
        const [shard, head] = [shards[first], heads[first]];
        if (shard === undefined || head === undefined || head.done) return;
        yield head.value;
        heads[first] = await shard.next();
      }
    },
  };
}

function byShard(messageIds: readonly string[]): Map<number, string[]> {
  const shards = new Map<number, string[]>();
  for (const messageId of messageIds) {
    const shard = indexShardOf(messageId);
    const ids = shards.get(shard);
    if (ids === undefined) shards.set(shard, [messageId]);
    else ids.push(messageId);
  }
  return shards;
}

/**
 * A sorted set by time, in order of (time, ID). Each page is asked for by what the last one ended with, so that what leaves
 * the set meanwhile hides nothing else. `before`: a bound as ZRANGEBYSCORE takes it.
 */
export async function* walkByAge(client: RedisClient, shardKey: string, before: string): AsyncGenerator<Indexed> {
  let last: Indexed | undefined;
  for (;;) {
    const page: Indexed[] = await nextPage(client, shardKey, before, last);
    yield* page;
    last = page.at(-1);
    if (last === undefined) return;
  }
}

async function nextPage(
  client: RedisClient,
  shardKey: string,
  before: string,
  last: Indexed | undefined,
): Promise<Indexed[]> {
  const after = last === undefined ? '-inf' : `(${last.at}`;
  const later = ask(client, PURPOSE, () =>
    client.zrangebyscore(shardKey, after, before, 'WITHSCORES', 'LIMIT', 0, PAGE),
  );
  if (last === undefined) return pairsOf(await later);
  const { at, messageId } = last;
  const [sameTime, rest] = await Promise.all([
    ask(client, PURPOSE, () => client.zrangebyscore(shardKey, at, at, 'WITHSCORES')),
    later,
  ]);
  return [...pairsOf(sameTime).filter((entry) => entry.messageId > messageId), ...pairsOf(rest)];
}

function pairsOf(flat: readonly string[]): Indexed[] {
  return Array.from({ length: flat.length / 2 }, (_, i) => ({
    messageId: flat[2 * i] ?? '',
    at: Number(flat[2 * i + 1]),
  }));
}

function indexOfOldest(heads: readonly IteratorResult<Indexed, void>[]): number {
  let oldest = -1;
  let at = Number.POSITIVE_INFINITY;
  heads.forEach((head, i) => {
    if (!head.done && head.value.at < at) [oldest, at] = [i, head.value.at];
  });
  return oldest;
}
