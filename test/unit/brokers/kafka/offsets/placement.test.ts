import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LeaderEpochs } from '../../../../../src/brokers/kafka/leader-epochs.js';
import { readCommit, writeCommitNote } from '../../../../../src/brokers/kafka/offsets/commit-note.js';
import {
  type LogPoint,
  type PartitionLog,
  placePartition,
} from '../../../../../src/brokers/kafka/offsets/placement.js';

const LOG: PartitionLog = { topicId: 'a', low: 10n, high: 100n, endOf: (epoch) => (epoch > 5 ? 'none' : 100n) };

function point(position: bigint, { topicId = 'a', epoch = 5 }: { topicId?: string; epoch?: number } = {}): LogPoint {
  return { position, topicId, epoch };
}

describe('where a partition begins after a join', () => {
  it('is the committed position', () => {
    const at50 = { at: 50n, kind: 'continued', from: 50n, goneFrom: undefined };
    expect(placePartition(point(50n), undefined, LOG)).toEqual(at50);
    expect(placePartition(point(50n), point(80n), LOG)).toEqual(at50);
    expect(placePartition(point(100n), point(100n), LOG)).toMatchObject({ at: 100n, kind: 'continued' });
  });

  it('is the start of the log where nothing is committed', () => {
    expect(placePartition(undefined, undefined, LOG)).toMatchObject({ at: 10n, kind: 'continued' });
  });

  it('is what is left where the log has lost its beginning, and what is passed over is told', () => {
    expect(placePartition(point(3n), undefined, LOG)).toEqual({
      at: 10n,
      kind: 'trimmed',
      from: 3n,
      goneFrom: undefined,
    });
  });

  it('is the start of a topic that was made anew, even where it is longer than the old one', () => {
    const replaced = { at: 10n, kind: 'replaced', from: 50n, goneFrom: 0n };
    expect(placePartition(point(50n, { topicId: 'b' }), undefined, LOG)).toEqual(replaced);
    expect(placePartition(point(50n, { topicId: 'b' }), point(60n, { topicId: 'b' }), LOG)).toEqual(replaced);
  });

  it('is the committed position of the new topic, while nothing that was read of the old one stands', () => {
    expect(placePartition(point(50n), point(60n, { topicId: 'b' }), LOG)).toEqual({
      at: 50n,
      kind: 'continued',
      from: 50n,
      goneFrom: 0n,
    });
    expect(placePartition(undefined, point(60n, { topicId: 'b' }), LOG)).toMatchObject({
      kind: 'replaced',
      goneFrom: 0n,
    });
  });

  it('is the start where a commit that names no topic may be of the one that is gone', () => {
    const unnamed = { position: 50n, topicId: undefined, epoch: undefined };
    expect(placePartition(unnamed, point(60n, { topicId: 'b' }), LOG)).toMatchObject({ at: 10n, kind: 'replaced' });
    expect(placePartition(unnamed, undefined, LOG)).toMatchObject({ at: 50n, kind: 'continued' });
  });

  it('is where the log was cut off, even where it has grown past the position since', () => {
    const log: PartitionLog = { ...LOG, high: 500n, endOf: (epoch) => (epoch === 5 ? 40n : 500n) };
    const cut = { at: 40n, kind: 'truncated', from: 50n, goneFrom: 40n };
    expect(placePartition(point(50n), undefined, log)).toEqual(cut);
    // What was committed still stands, and what was read beyond it does not.
    expect(placePartition(point(30n), point(60n), log)).toEqual({ ...cut, at: 30n, from: 30n });
    expect(placePartition(point(30n), point(40n), log)).toMatchObject({ at: 30n, kind: 'continued' });
  });

  it('is the start of the log where it was cut off nobody knows where', () => {
    const noEpoch = { position: 120n, topicId: 'a', epoch: undefined };
    expect(placePartition(noEpoch, undefined, LOG)).toMatchObject({ at: 10n, kind: 'truncated' });
    expect(placePartition(point(50n), noEpoch, LOG)).toMatchObject({ at: 10n, kind: 'truncated', goneFrom: 10n });
    expect(placePartition(point(50n, { epoch: 6 }), undefined, LOG)).toMatchObject({ at: 10n, kind: 'truncated' });
  });

  it('passes over nothing that the log still holds and nobody has read', () => {
    const points = fc.option(
      fc.record({
        position: fc.bigInt(0n, 40n),
        topicId: fc.constantFrom('a', 'b', undefined),
        epoch: fc.constantFrom(1, 2, 3, undefined),
      }),
      { nil: undefined },
    );
    const logs = fc.record({
      topicId: fc.constantFrom('a', undefined),
      low: fc.bigInt(0n, 20n),
      length: fc.bigInt(0n, 20n),
      ends: fc.array(fc.oneof(fc.bigInt(0n, 40n), fc.constant('none' as const), fc.constant(undefined)), {
        minLength: 4,
        maxLength: 4,
      }),
    });
    fc.assert(
      fc.property(points, points, logs, (committed, walked, { topicId, low, length, ends }) => {
        const log: PartitionLog = { topicId, low, high: low + length, endOf: (epoch) => ends[epoch] };
        const { at, kind, from } = placePartition(committed, walked, log);
        expect(at).toBeGreaterThanOrEqual(low);
        // Beyond the committed position only over what the log has lost.
        expect(at <= from || at === low).toBe(true);
        expect(kind === 'trimmed').toBe(at > from && kind !== 'replaced');
        if (committed?.topicId === 'b' && topicId === 'a') expect(at).toBe(low);
        const end = committed?.epoch === undefined ? undefined : ends[committed.epoch];
        const stands = typeof end === 'bigint' && end < from ? end : from;
        if (topicId !== 'a' || committed?.topicId !== 'b') expect(at <= stands || at === low).toBe(true);
      }),
    );
  });
});

describe('a commit', () => {
  it('carries the topic and the epoch that it is of', () => {
    const at = point(42n);
    expect(readCommit('42', writeCommitNote(at))).toEqual(at);
    const bare = { position: 42n, topicId: undefined, epoch: undefined };
    expect(readCommit('42', writeCommitNote(bare))).toEqual(bare);
  });

  it.each(['', null, '{', '{"topic":7,"epoch":"x"}', 'reset by hand', '[1]'])(
    'of another program is a position only: %j',
    (metadata) => {
      expect(readCommit('42', metadata)).toEqual({ position: 42n, topicId: undefined, epoch: undefined });
    },
  );

  it('that is none reads as none', () => {
    expect(readCommit('-1', '')).toBeUndefined();
  });
});

describe('the epochs of a log', () => {
  it('tell who wrote the record before an offset', () => {
    const epochs = new LeaderEpochs();
    expect(epochs.before(5n)).toBeUndefined();
    epochs.observe(3, 0n);
    epochs.observe(3, 5n);
    epochs.observe(undefined, 7n);
    epochs.observe(4, 8n);
    expect([0n, 1n, 7n, 8n, 9n].map((offset) => epochs.before(offset))).toEqual([undefined, 3, 3, undefined, 4]);
    epochs.forgetBefore(9n);
    expect(epochs.before(9n)).toBe(4);
    epochs.forgetFrom(8n);
    expect(epochs.before(9n)).toBeUndefined();
  });
});
