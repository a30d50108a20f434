import type { DeadLetterReason } from '../../../domain/message/message.js';
import type { Side } from '../../../domain/side.js';
import { unreadable } from '../../ledger-error.js';
import type { RedisClient } from '../connect.js';
import { keys } from '../keys.js';
import { ask, runScript } from '../run-script.js';

/** How many dead letters the index keeps, about. The brokers' dead-letter topics have them all. */
const KEPT = 100_000;

export interface DeadLetterEntry {
  readonly side: Side;
  readonly reason: DeadLetterReason;
  /** Coordinates of the delivery on its broker: the same whenever it is delivered again. */
  readonly source: string;
  /** When it was dead-lettered, ms since the epoch. */
  readonly time: number;
  /** The ID that it bore, if any, however malformed. */
  readonly messageId?: string;
  /** The ID of the workflow that keeps it, where its topic did not take it. */
  readonly keptAs?: string;
}

/** What was dead-lettered, for people: a bounded list, and a count per side that goes on. */
export interface DeadLetterIndex {
  /** Lists a dead letter. The same source is listed and counted once, however often its delivery comes again. */
  add(entry: DeadLetterEntry): Promise<void>;
  /** The newest `limit` entries (all that are kept, by default), the oldest of them first. */
  list(limit?: number): Promise<DeadLetterEntry[]>;
  /** Dead letters of each side. A message that both sides dead-letter counts once for each. */
  count(): Promise<Record<Side, number>>;
}

export function createDeadLetterIndex(client: RedisClient, migration: string): DeadLetterIndex {
  const stream = keys.deadLetters(migration);
  const counts = keys.deadLetterCounts(migration);

  return {
    async add({ side, reason, source, time, messageId, keptAs }) {
      const [verdict] = await runScript(
        client,
        'dead-letter-add',
        [stream, keys.deadLetterSources(migration), counts],
        [side, source, JSON.stringify({ side, reason, source, time, messageId, keptAs }), KEPT],
        { what: 'list a dead letter' },
      );
      if (verdict !== 'added' && verdict !== 'already') {
        throw unreadable('list a dead letter', `the script answered ${verdict}`);
      }
    },

    async list(limit = KEPT) {
      const newest = await ask(client, { what: 'list the dead letters' }, () =>
        client.xrevrange(stream, '+', '-', 'COUNT', limit),
      );
      return newest.reverse().map(([, [, json]]) => JSON.parse(json ?? 'null') as DeadLetterEntry);
    },

    async count() {
      const purpose = { what: 'count the dead letters' };
      const [kafka, rocketmq] = await ask(client, purpose, () => client.hmget(counts, 'kafka', 'rocketmq'));
      return { kafka: Number(kafka ?? 0), rocketmq: Number(rocketmq ?? 0) };
    },
  };
}
