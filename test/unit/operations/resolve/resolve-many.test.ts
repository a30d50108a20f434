import { ServiceError } from '@temporalio/client';
import { describe, expect, test } from 'vitest';
import { describeSettlement } from '../../../../src/cli/render/settlement.js';
import { HandoverError } from '../../../../src/domain/errors.js';
import type { LedgerRecord } from '../../../../src/domain/ledger/record.js';
import type { PlannedRow } from '../../../../src/domain/reward/settlement.js';
import { type ManyOptions, resolveMany, splitResults } from '../../../../src/operations/resolve/resolve-many.js';
import type { Answer } from '../../../../src/operations/resolve/resolve-message.js';
import { reportSettlement } from '../../../../src/operations/resolve/resolve-settlement.js';

const person = { actor: 'ada', reason: 'asked the provider' };

function answer(messageId: string): Answer {
  return { messageId, round: 1, resolution: 'granted', person };
}

function resolveIds(
  ids: readonly string[],
  resolve: (messageId: string) => void,
  more: Partial<ManyOptions<Answer>> = {},
) {
  return resolveMany({
    answers: ids.map(answer),
    resolve: async ({ messageId, resolution, round = 0 }) => {
      resolve(messageId);
      return { messageId, round, resolution };
    },
    ...more,
  });
}

describe('many answers', () => {
  test('are each given once, and one that fails stops none of the others', async () => {
    const asked: string[] = [];
    const results = await resolveIds(
      ['a', 'b', 'c', 'd', 'e'],
      (messageId) => {
        asked.push(messageId);
        if (messageId === 'b') throw new HandoverError('resolution-refused', 'round 1 has been answered');
        if (messageId === 'c') throw new ServiceError('Temporal is away');
        if (messageId === 'd') throw new TypeError('a fault of ours');
      },
      { concurrency: 2 },
    );
    expect(asked).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(splitResults(results)).toEqual({
      resolved: [
        { messageId: 'a', round: 1, resolution: 'granted' },
        { messageId: 'e', round: 1, resolution: 'granted' },
      ],
      failed: [
        { messageId: 'b', code: 'resolution-refused', reason: 'round 1 has been answered' },
        { messageId: 'c', code: 'temporal-unavailable', reason: 'Temporal is away' },
        { messageId: 'd', code: 'unexpected', reason: 'a fault of ours' },
      ],
    });
  });

  test('are given no further once interrupted, which is told of each', async () => {
    const interruption = new AbortController();
    const { signal } = interruption;
    const results = await resolveIds(['a', 'b', 'c'], () => interruption.abort(), { signal, concurrency: 1 });
    expect(splitResults(results)).toMatchObject({
      resolved: [{ messageId: 'a' }],
      failed: [
        { messageId: 'b', code: 'interrupted' },
        { messageId: 'c', code: 'interrupted' },
      ],
    });
  });
});

describe('the report on a settlement file', () => {
  const plan: PlannedRow[] = [
    { line: 2, messageId: 'a', status: 'PAID', plan: 'answer', resolution: 'granted', round: 1 },
    { line: 3, messageId: 'b', status: 'PAID', plan: 'answer', resolution: 'granted', round: 2 },
    { line: 4, messageId: 'c', status: 'PAID', plan: 'nothing', finding: 'agrees', reason: 'settled: granted' },
    { line: 5, messageId: 'x\u001b[2J', status: 'PAID', plan: 'nothing', finding: 'invalid-id', reason: 'no ID' },
  ];
  const parked = ['a', 'b', 'z'].map((messageId) => ({ messageId }) as LedgerRecord);
  const outcomes = new Map([
    ['a', { messageId: 'a', round: 1, resolution: 'granted' as const }],
    ['b', { messageId: 'b', code: 'resolution-refused' as const, reason: 'round 2 has been answered' }],
  ]);

  test('has a result for every row, and counts what it does not name', () => {
    expect(reportSettlement(plan, outcomes, { dryRun: false, parked })).toEqual({
      dryRun: false,
      resolved: [outcomes.get('a')],
      failed: [outcomes.get('b')],
      rows: [
        { line: 2, messageId: 'a', status: 'PAID', result: 'granted', round: 1, reason: null },
        { line: 3, messageId: 'b', status: 'PAID', result: 'failed', round: 2, reason: 'round 2 has been answered' },
        { line: 4, messageId: 'c', status: 'PAID', result: 'agrees', round: null, reason: 'settled: granted' },
        { line: 5, messageId: 'x\u001b[2J', status: 'PAID', result: 'invalid-id', round: null, reason: 'no ID' },
      ],
      unmentioned: 1,
    });
  });

  test('tells a person what would change, and that nothing was changed, in a dry run', () => {
    const report = reportSettlement(plan, new Map(), { dryRun: true, parked });
    expect(report).toMatchObject({ resolved: [], failed: [] });
    expect(describeSettlement(report)).toEqual([
      'line 2: a: would be answered granted',
      'line 3: b: would be answered granted',
      'line 5: x [2J: invalid-id: no ID',
      '4 rows: 2 granted, 0 resend (a dry run: nothing was changed)',
      'unchanged: 1 agrees, 1 invalid-id',
      '1 parked messages are not in the file and stay parked.',
    ]);
  });
});
