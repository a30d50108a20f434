import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isMessageId } from '../../../../src/domain/message/message.js';
import { INDEX_SHARDS, indexShardOf, keys, messageIdOf, recordPattern } from '../../../../src/ledger/redis/keys.js';

const messageId = fc.stringMatching(/^[A-Za-z0-9._:\-/+=@#~]{1,200}$/).filter(isMessageId);
const migration = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,39}$/);

/** The part of a key that decides its slot, by Redis' own rule: what stands between the first `{` and the next `}`. */
const slotTag = (key: string): string | undefined => /\{(.+?)\}/.exec(key)?.[1];

describe('the keys', () => {
  test('of a record is the one that people look for', () => {
    expect(keys.record('rewards', 'order-4711')).toBe('handover:{rewards:order-4711}');
  });

  test('a record has a slot of its own, and gives its message ID back', () => {
    fc.assert(
      fc.property(migration, messageId, (name, id) => {
        const key = keys.record(name, id);
        expect(slotTag(key)).toBe(`${name}:${id}`);
        expect(messageIdOf(name, key)).toBe(id);
      }),
    );
  });

  test('no message ID and no migration name makes a record of another key', () => {
    fc.assert(
      fc.property(migration, messageId, (name, id) => {
        const others = [
          keys.policy(name),
          keys.policyChannel(name),
          keys.audit(name),
          keys.past(name),
          keys.doubted(name, 'kafka'),
          keys.indexScan(name),
          keys.indexScanner(name),
          keys.mark(name, 0),
          keys.alive(name, 'kafka'),
          keys.holdings(name, 'kafka'),
          keys.deadLetters(name),
          keys.deadLetterSources(name),
          keys.deadLetterCounts(name),
          ...Array.from({ length: INDEX_SHARDS }, (_, shard) => keys.indexShard(name, shard)),
        ];
        expect(new Set(others).size).toBe(others.length);
        expect(others).not.toContain(keys.record(name, id));
        for (const key of others) expect(key.startsWith(recordPattern(name).slice(0, -1))).toBe(false);
      }),
    );
  });

  test('what one script writes together is in one slot', () => {
    const together = [keys.policy, keys.policyChannel, keys.audit].map((key) => slotTag(key('rewards')));
    expect(new Set(together)).toEqual(new Set(['rewards']));
    const listed = [keys.deadLetters, keys.deadLetterSources, keys.deadLetterCounts].map((key) =>
      slotTag(key('rewards')),
    );
    expect(new Set(listed)).toEqual(new Set(['rewards']));
  });

  test('a message stays in its shard for ever', () => {
    expect(['m-1', 'm-2', 'order-4711', 'a/b'].map(indexShardOf)).toEqual(SHARDS_OF_OLD);
  });

  test('the shards share the messages', () => {
    const counts = Array.from({ length: INDEX_SHARDS }, () => 0);
    for (let i = 0; i < 16_000; i += 1) {
      const shard = indexShardOf(`order-${i}`);
      counts[shard] = (counts[shard] ?? 0) + 1;
    }
    for (const count of counts) expect(Math.abs(count - 1_000)).toBeLessThan(200);
  });
});

/** Entries that an earlier version made must be found where it put them. */
const SHARDS_OF_OLD: readonly number[] = [0, 10, 10, 5];
