import { describe, expect, test } from 'vitest';
import { describeParkedFilter, readDuration } from '../../../../src/cli/parked-filter.js';
import type { LedgerRecord } from '../../../../src/domain/ledger/record.js';
import { describeDuration } from '../../../../src/domain/text.js';
import { type ParkedFilter, parkedFilterOf, selectParked } from '../../../../src/operations/parked/parked-filter.js';

const NOW = 1_000_000;

function record(messageId: string, more: Partial<LedgerRecord>): LedgerRecord {
  const decision = { owner: 'kafka', reason: 'switch off', policyVersion: 1 } as const;
  const seen = { kafka: true, rocketmq: false };
  return { messageId, state: 'parked', ...decision, fingerprint: '00', seen, round: 1, attempt: 1, ...more };
}

const records = [
  record('old', { movedAt: NOW - 60_000, evidence: { phase: 'sent', detail: '' } }),
  record('middle', {
    movedAt: NOW - 30_000,
    owner: 'rocketmq',
    evidence: { phase: 'answered', status: 502, detail: '' },
  }),
  record('young', { movedAt: NOW - 1_000, evidence: { phase: 'answered', status: 500, detail: '' } }),
  record('unexplained', {}),
];

describe('the filters of parked messages', () => {
  test.each<[ParkedFilter, string[]]>([
    [{}, ['old', 'middle', 'young', 'unexplained']],
    [{ owner: 'rocketmq' }, ['middle']],
    [{ olderThan: 30_000 }, ['old', 'middle']],
    [{ youngerThan: 30_000 }, ['young']],
    [{ olderThan: 10_000, youngerThan: 60_000 }, ['middle']],
    [{ phase: 'answered' }, ['middle', 'young']],
    [{ status: 502 }, ['middle']],
    [{ limit: 2 }, ['old', 'middle']],
    [{ phase: 'answered', limit: 1 }, ['middle']],
    [{ phase: 'not-sent' }, []],
  ])('%j mean %j', (filter, chosen) => {
    expect(selectParked(records, filter, NOW).map(({ messageId }) => messageId)).toEqual(chosen);
  });

  test('are told in words, and none is told as every message', () => {
    expect(describeParkedFilter({})).toBe('every parked message');
    expect(describeParkedFilter({ owner: 'kafka', olderThan: 600_000, status: 502 })).toBe(
      'parked messages: owned by kafka, parked for at least 10m, HTTP status 502',
    );
  });

  test('are told apart from the other flags', () => {
    const flags = { owner: 'kafka', reason: 'x', json: true } as const;
    expect(parkedFilterOf(flags)).toEqual({ owner: 'kafka' });
    expect(parkedFilterOf({})).toBeUndefined();
  });
});

describe('a duration', () => {
  test('is read with its unit, and without one refused', () => {
    expect(['90s', '10m', '2h', '1d'].map(readDuration)).toEqual([90_000, 600_000, 7_200_000, 86_400_000]);
    for (const text of ['10', 'm', '-1m', '1.5h', '10 m', '10ms']) expect(() => readDuration(text)).toThrow();
  });

  test('is shown by its two largest units', () => {
    const shown = [0, 999, 61_000, 3_600_000, 90_061_000, -5].map(describeDuration);
    expect(shown).toEqual(['0s', '0s', '1m 1s', '1h', '1d 1h', '0s']);
  });
});
