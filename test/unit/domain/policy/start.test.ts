import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  findNonsenseInStart,
  isSameStart,
  type MigrationStart,
  ruleOfStart,
} from '../../../../src/domain/policy/start.js';

const at = '2026-11-23T05:00:00.000Z';
const T = Date.parse(at);
const start: MigrationStart = { at, marginMs: 5_000, positions: { 0: '100', 12: '9007199254740993' } };
const kafka = (storedAt: number, partition = 0, offset: bigint | number = 100) =>
  ({ side: 'kafka', coordinates: `kafka:a/b.rewards/${partition}/${offset}`, storedAt }) as const;
const rocketmq = (storedAt: number) => ({ side: 'rocketmq', coordinates: 'rocketmq:rewards/b/0/5', storedAt }) as const;

describe('the start of a migration', () => {
  it('says nothing where none was set', () => {
    expect([kafka(1, 0, 0), rocketmq(T - 1)].map((stored) => ruleOfStart(undefined, stored))).toEqual(['none', 'none']);
  });

  it('leaves a RocketMQ copy of before it, and within its margin, to kafka', () => {
    expect([T - 1e9, T, T + 4_999].map((time) => ruleOfStart(start, rocketmq(time)))).toEqual(
      Array(3).fill('acknowledge'),
    );
    expect(ruleOfStart(start, rocketmq(T + 5_000))).toBe('none');
  });

  it('gives a Kafka copy of before it to kafka, and what lies below the positions to the consumer before', () => {
    expect(ruleOfStart(start, kafka(T - 1, 0, 100))).toBe('kafka-owns');
    expect(ruleOfStart(start, kafka(T - 1, 0, 99))).toBe('acknowledge');
    expect(ruleOfStart(start, kafka(T - 1, 12, 9007199254740992n))).toBe('acknowledge');
    expect(ruleOfStart(start, kafka(T - 1, 12, 9007199254740993n))).toBe('kafka-owns');
    expect(ruleOfStart(start, kafka(T - 1, 7, 0))).toBe('kafka-owns');
  });

  it('does not take the messages of a topic that was made anew for old ones', () => {
    expect(ruleOfStart(start, kafka(T + 5_000, 0, 3))).toBe('none');
  });

  it('never lets a message go that may have no other copy but by its own time or place', () => {
    const time = fc.oneof(fc.integer(), fc.constantFrom(0, -1, Number.NaN, Number.POSITIVE_INFINITY), fc.double());
    fc.assert(
      fc.property(time, fc.nat(), fc.boolean(), (storedAt, offset, onKafka) => {
        const rule = ruleOfStart(start, onKafka ? kafka(storedAt, 0, offset) : rocketmq(storedAt));
        const before = storedAt >= 1e12 && storedAt < T + 5_000;
        if (rule === 'acknowledge' && !onKafka) expect(before).toBe(true);
        if (rule === 'acknowledge' && onKafka) expect(offset).toBeLessThan(100);
        if (rule === 'kafka-owns') expect([before, onKafka]).toEqual([true, true]);
      }),
    );
  });

  it('is compared by what it says', () => {
    expect(isSameStart(start, { ...start, positions: { 12: '9007199254740993', 0: '100' } })).toBe(true);
    expect(isSameStart(start, { ...start, positions: { 0: '100' } })).toBe(false);
    expect(isSameStart(start, { ...start, marginMs: 0 })).toBe(false);
  });

  it.each([
    [undefined],
    ['now'],
    [{}],
    [{ ...start, at: 'now' }],
    [{ ...start, at: '2026-02-30T00:00:00.000Z' }],
    [{ ...start, at: '2026-11-23T05:00:00Z' }],
    [{ ...start, at: '1970-01-01T00:00:00.000Z' }],
    [{ ...start, at: T }],
    [{ ...start, marginMs: -1 }],
    [{ ...start, marginMs: 0.5 }],
    [{ at, marginMs: 0 }],
    [{ ...start, positions: { a: '1' } }],
    [{ ...start, positions: { 0: 1 } }],
    [{ ...start, positions: { 0: '-1' } }],
    [{ ...start, positions: Object.fromEntries(Array.from({ length: 5_001 }, (_, n) => [n, '1'])) }],
  ])('%j is none', (nonsense) => {
    expect(findNonsenseInStart(nonsense)).toEqual(expect.any(String));
    expect(findNonsenseInStart(start)).toBeUndefined();
  });
});
