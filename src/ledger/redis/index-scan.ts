import { setTimeout as pause } from 'node:timers/promises';
import type { AgeIndex } from './age-index.js';
import { primariesOf } from './cluster.js';
import type { RedisClient } from './connect.js';
import { keys, messageIdOf, recordPattern } from './keys.js';
import { ask } from './run-script.js';

export interface IndexScanOptions {
  readonly client: RedisClient;
  readonly migration: string;
  readonly index: Pick<AgeIndex, 'enter'>;
  /** Unlike that of any other process, ever. */
  readonly processId: string;
  /** Ends the scan early; the call then rejects with its reason. */
  readonly signal: AbortSignal;
  /** Between two steps, so that the ledger has Redis for itself most of the time, in ms. Default 20. */
  readonly pauseMs?: number;
}

/** Keys that one step of the scan looks at: Redis answers nobody else meanwhile. */
const SCAN_COUNT = 500;
/** A scanner that is not heard of for this long is taken for dead, and how often the others look for that, in ms. */
const LEASE_MS = 15_000;
const LOOK_MS = 1_000;

const PURPOSE = { what: 'scan the ledger for records that no index has' };

/** In the place of a node's cursor: all its keys were looked at. */
const THROUGH = 'through';

/**
 * Enters every unsettled record into the age index: an older build enters a message only as it starts its workflow, so
 * that what such a build has lost is in none. Resolves once a scan has ended that was begun after this call, by this
 * process or by another one: of many that start together one scans, and another goes on where that has died. Answers how
 * many records this process has entered or found entered.
 * @throws HandoverError `ledger-unavailable`; a later call goes on
 */
export async function scanIntoIndex(options: IndexScanOptions): Promise<number> {
  const { client, migration, processId, signal } = options;
  const [scanKey, scannerKey] = [keys.indexScan(migration), keys.indexScanner(migration)];
  const calledAt = await redisTime(client);
  for (;;) {
    signal.throwIfAborted();
    const scan = await ask(client, PURPOSE, () => client.hgetall(scanKey));
    const isNew = Number(scan['begunAt'] ?? 0) >= calledAt;
    if (isNew && scan['endedAt'] !== undefined) return 0;
    if ((await ask(client, PURPOSE, () => client.set(scannerKey, processId, 'PX', LEASE_MS, 'NX'))) === 'OK') {
      if (!isNew) {
        await ask(client, PURPOSE, () => client.del(scanKey));
        await ask(client, PURPOSE, async () => client.hset(scanKey, 'begunAt', await redisTime(client)));
      }
      const found = await scanAll(options, isNew ? scan : {});
      await ask(client, PURPOSE, async () => client.hset(scanKey, 'endedAt', await redisTime(client)));
      await ask(client, PURPOSE, () => client.del(scannerKey));
      return found;
    }
    await pause(LOOK_MS, undefined, { signal });
  }
}

/** `cursors`: how far an earlier scanner has come with each node. */
async function scanAll(options: IndexScanOptions, cursors: Readonly<Record<string, string>>): Promise<number> {
  const { client, migration, index, processId, signal, pauseMs = 20 } = options;
  let found = 0;
  for (const node of await ask(client, PURPOSE, () => primariesOf(client))) {
    const name = `${node.options.host}:${node.options.port}`;
    let cursor = cursors[name] ?? '0';
    while (cursor !== THROUGH) {
      const [next, recordKeys] = await ask(node, PURPOSE, () =>
        node.scan(cursor, 'MATCH', recordPattern(migration), 'COUNT', SCAN_COUNT, 'TYPE', 'hash'),
      );
      await index.enter(recordKeys.map((key) => messageIdOf(migration, key)));
      found += recordKeys.length;
      cursor = next === '0' ? THROUGH : next;
      await ask(client, PURPOSE, () => client.hset(keys.indexScan(migration), name, cursor));
      // Should another one have taken this one for dead, both go on: entering twice is harmless.
      await ask(client, PURPOSE, () => client.set(keys.indexScanner(migration), processId, 'PX', LEASE_MS));
      await pause(pauseMs, undefined, { signal });
    }
  }
  return found;
}

async function redisTime(client: RedisClient): Promise<number> {
  const [seconds, micros] = await ask(client, PURPOSE, () => client.time());
  return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
}
