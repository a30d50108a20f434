import { type LedgerRecord, RECORD_STATES } from '../../domain/ledger/record.js';
import { primariesOf } from './cluster.js';
import type { RedisClient } from './connect.js';
import { keys, messageIdOf, recordPattern } from './keys.js';
import { ask, runScript } from './run-script.js';

export interface RecordCount extends Readonly<Record<LedgerRecord['state'], number>> {
  readonly stranded: number;
  /** Keys of records that hold something else. A text counts as settled without being read, as there may be millions. */
  readonly unreadable: number;
}

/** What no record is, and what may have been written over one. */
const FOREIGN_TYPES = ['list', 'set', 'zset', 'stream'] as const;

/** Keys that one step of a scan looks at: Redis answers nobody else meanwhile. */
const SCAN_COUNT = 1_000;

const PURPOSE = { what: 'count the records' };

/**
 * Counts the records by walking over all keys of the migration, on every primary: exact for what stays where it is
 * meanwhile, and each message counts once, in the state in which it was met. Takes about a second per million keys, and
 * about 100 bytes of memory for each.
 */
export async function countRecords(client: RedisClient, migration: string): Promise<RecordCount> {
  const counts = { assigned: 0, claimed: 0, sending: 0, parked: 0, settled: 0, stranded: 0, unreadable: 0 };
  const counted = new Set<string>();

  // The unsettled ones first: a record that settles meanwhile is then met at most twice, and never missed.
  for await (const messageIds of scan(client, migration, 'hash', counted)) {
    const answers = await Promise.all(
      messageIds.map((messageId) =>
        runScript(client, 'state', [keys.record(migration, messageId)], [], { ...PURPOSE, messageId }),
      ),
    );
    for (const [state, stranded] of answers) {
      // One that cannot be read hides none of the others.
      const known = RECORD_STATES.find((name) => name === state) ?? 'unreadable';
      if (known !== 'none') counts[known] += 1;
      if (stranded === '1') counts.stranded += 1;
    }
  }
  for await (const messageIds of scan(client, migration, 'string', counted)) counts.settled += messageIds.length;
  for (const type of FOREIGN_TYPES) {
    for await (const messageIds of scan(client, migration, type, counted)) counts.unreadable += messageIds.length;
  }
  return counts;
}

/** Message IDs of the records of a type; those that are in `counted` are left out, and the others enter it. */
async function* scan(
  client: RedisClient,
  migration: string,
  type: 'hash' | 'string' | (typeof FOREIGN_TYPES)[number],
  counted: Set<string>,
): AsyncGenerator<string[]> {
  for (const node of await ask(client, PURPOSE, () => primariesOf(client))) {
    let cursor = '0';
    do {
      const [next, found] = await ask(node, PURPOSE, () =>
        node.scan(cursor, 'MATCH', recordPattern(migration), 'COUNT', SCAN_COUNT, 'TYPE', type),
      );
      cursor = next;
      const messageIds = found.map((key) => messageIdOf(migration, key)).filter((id) => !counted.has(id));
      for (const messageId of messageIds) counted.add(messageId);
      yield [...new Set(messageIds)];
    } while (cursor !== '0');
  }
}
