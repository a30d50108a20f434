import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LEFT_TO_THE_OTHER_COPY, type LedgerRecord } from '../../../../src/domain/ledger/record.js';
import {
  type DoubtedCopy,
  describeLost,
  isLostNote,
  judgeCopy,
  PATIENCE_WITH_SILENCE,
  readKafkaPlace,
} from '../../../../src/domain/message/lost-delivery.js';
import { BEFORE_START } from '../../../../src/domain/policy/start.js';
import { SIDES } from '../../../../src/domain/side.js';

const CHECK_AFTER = 60_000;
const SINCE = 1_000_000_000_000;
const record: LedgerRecord = {
  messageId: 'm-1',
  state: 'assigned',
  owner: 'rocketmq',
  reason: 'bucket 812 < 5000',
  policyVersion: 3,
  fingerprint: '0123456789abcdef',
  seen: { kafka: true, rocketmq: false },
  copies: { kafka: 'kafka:rewards/3/41' },
  round: 0,
  attempt: 0,
};
const committed = (offset: bigint) => new Map([[3, offset]]);

function judge(change: Partial<Omit<DoubtedCopy, 'position'>> & { position?: Partial<DoubtedCopy['position']> } = {}) {
  const position = { topic: 'rewards', committed: committed(42n), past: undefined, ...change.position };
  return judgeCopy({
    record,
    side: 'kafka',
    since: SINCE,
    now: SINCE + CHECK_AFTER,
    checkAfterMs: CHECK_AFTER,
    ...change,
    position,
  });
}

describe('a copy of which the offset is known', () => {
  it('is lost once the committed position lies beyond it for checkAfter, and not a moment sooner', () => {
    expect(judge()).toBe('lost');
    expect(judge({ now: SINCE + CHECK_AFTER - 1 })).toBe('too-early');
  });

  it('is in hand while the position is at it or below, or nothing is committed, however long that lasts', () => {
    const now = SINCE + 1_000 * CHECK_AFTER;
    for (const offset of [41n, 0n, -1n])
      expect(judge({ now, position: { committed: committed(offset) } })).toBe('in-hand');
    expect(judge({ now, position: { committed: new Map() } })).toBe('in-hand');
  });

  it('is lost although the position is not there, if the log has been seen for checkAfter to end before it, or has no such partition', () => {
    const now = SINCE + CHECK_AFTER;
    const made = (ends: ReadonlyMap<number, bigint>, askedAt = now - 1_000) => ({
      now,
      position: { committed: committed(7n), log: { ends, askedAt } },
    });
    expect(judge(made(new Map([[3, 41n]])))).toBe('lost');
    expect(judge(made(new Map([[2, 99n]])))).toBe('lost');
    expect(judge({ ...made(new Map([[3, 41n]])), now: now - 1 })).toBe('too-early');
    // The log reaches there; or it was asked before the copy was known, and may have grown since.
    expect(judge(made(new Map([[3, 42n]])))).toBe('in-hand');
    expect(judge(made(new Map([[3, 41n]]), SINCE - 1))).toBe('in-hand');
  });

  it('is judged by its own partition, and by offsets beyond what a number can hold', () => {
    const big = { ...record, copies: { kafka: 'kafka:rewards/3/9007199254740993' } };
    expect(judge({ record: big, position: { committed: committed(9007199254740993n) } })).toBe('in-hand');
    expect(judge({ record: big, position: { committed: committed(9007199254740994n) } })).toBe('lost');
    expect(judge({ position: { committed: new Map([[2, 1_000n]]) } })).toBe('in-hand');
  });
});

describe('a copy that can only be judged by time: of RocketMQ, of an older build, or of another topic', () => {
  const { copies: _, ...before } = record;
  const rocketmq = {
    ...record,
    seen: { kafka: false, rocketmq: true },
    copies: { rocketmq: 'rocketmq:rewards/b/0/7' },
  };
  const cases: readonly Partial<DoubtedCopy>[] = [
    { record: before },
    { record: { ...record, copies: { kafka: 'kafka:another/3/1' } } },
    { record: rocketmq, side: 'rocketmq' },
  ];

  it.each(cases)(
    'is lost once its side has accepted all that was stored until checkAfter after it was doubted',
    (copy) => {
      const now = SINCE + 2 * CHECK_AFTER;
      expect(judge({ ...copy, now, position: { past: SINCE + CHECK_AFTER } })).toBe('lost');
      expect(judge({ ...copy, now, position: { past: SINCE + CHECK_AFTER - 1 } })).toBe('too-early');
    },
  );

  it.each(cases)('is never lost while its side is not that far, and is shown where it does not tell', (copy) => {
    const now = SINCE + PATIENCE_WITH_SILENCE * CHECK_AFTER;
    expect(judge({ ...copy, now: now * 2, position: { past: SINCE } })).toBe('too-early');
    expect(judge({ ...copy, now: now - 1 })).toBe('too-early');
    expect(judge({ ...copy, now })).toBe('unknowable');
  });
});

describe('nobody is told of a message that somebody accounts for', () => {
  const others: readonly (readonly [string, LedgerRecord | undefined])[] = [
    ['no record', undefined],
    ['held by a run', { ...record, state: 'claimed', run: 'run-1' }],
    ['sending', { ...record, state: 'sending', run: 'run-1' }],
    ['parked', { ...record, state: 'parked', run: 'run-1' }],
    ['settled', { ...record, state: 'settled', outcome: 'granted' }],
    ['shown already', { ...record, stranded: 'lost: ...' }],
    ['never seen by this side', { ...record, seen: { kafka: false, rocketmq: true } }],
    ['left to the other copy', { ...record, copies: { kafka: LEFT_TO_THE_OTHER_COPY } }],
  ];
  it.each(others)('%s', (_name, one) => expect(judge({ record: one, now: SINCE * 2 })).toBe('accounted-for'));

  it('a copy on rocketmq of a message of before the start is kafka’s to bring', () => {
    const of = { ...record, reason: BEFORE_START, seen: { kafka: true, rocketmq: true } };
    const position = { past: SINCE * 2 };
    expect(judge({ record: of, side: 'rocketmq', now: SINCE * 2, position })).toBe('accounted-for');
    expect(judge({ record: of, now: SINCE * 2 })).toBe('lost');
  });
});

it('whatever is known, a copy is lost only if its side is known to be beyond it, and silence is told in the end', () => {
  const copy = fc.record({
    side: fc.constantFrom(...SIDES),
    place: fc.option(fc.bigInt(0n, 50n), { nil: undefined }),
    at: fc.option(fc.bigInt(-1n, 50n), { nil: undefined }),
    past: fc.option(fc.integer({ min: SINCE - CHECK_AFTER, max: SINCE + 20 * CHECK_AFTER }), { nil: undefined }),
    waited: fc.integer({ min: 0, max: 20 * CHECK_AFTER }),
  });
  fc.assert(
    fc.property(copy, ({ side, place, at, past, waited }) => {
      const { copies: _, ...bare } = record;
      const seen = { kafka: true, rocketmq: true };
      const known = { ...bare, seen, ...(place !== undefined && { copies: { kafka: `kafka:rewards/3/${place}` } }) };
      const offsets = side === 'kafka' ? (at === undefined ? new Map() : committed(at)) : undefined;
      const standing = judgeCopy({
        record: known,
        side,
        position: { topic: 'rewards', past, ...(offsets !== undefined && { committed: offsets }) },
        since: SINCE,
        now: SINCE + waited,
        checkAfterMs: CHECK_AFTER,
      });
      const byOffset = side === 'kafka' && place !== undefined;
      const beyond = byOffset ? (at ?? -1n) > place : past !== undefined && past >= SINCE + CHECK_AFTER;
      expect(standing === 'lost').toBe(beyond && waited >= CHECK_AFTER);
      expect(standing === 'in-hand').toBe(byOffset && !beyond);
      const silent = !byOffset && past === undefined && waited >= PATIENCE_WITH_SILENCE * CHECK_AFTER;
      expect(standing === 'unknowable').toBe(silent);
    }),
  );
});

it('coordinates are read as the source writes them, and nothing else is taken for them', () => {
  expect(readKafkaPlace('kafka:a.b/c-d/12/345')).toEqual({ topic: 'a.b/c-d', partition: 12, offset: 345n });
  for (const other of [
    '',
    'left',
    'kafka:t/1',
    'kafka:t/x/1',
    'rocketmq:t/b/0/1',
    'kafka:t/1/-1',
    `kafka:t/1/${'9'.repeat(40)}`,
  ])
    expect(readKafkaPlace(other)).toBeUndefined();
});

it('what is shown names the copy, the reason and the way out, and is told apart from what can be resumed', () => {
  const told = describeLost(record, 'kafka', 'the broker has it no more');
  expect(told).toContain('kafka:rewards/3/41');
  expect(told).toContain('the broker has it no more');
  expect(told).toContain('Publish it again with the same message ID and body');
  expect(isLostNote(told)).toBe(true);
  expect(isLostNote('its workflow is terminated, and it is not settled')).toBe(false);
  expect(isLostNote(undefined)).toBe(false);
});
