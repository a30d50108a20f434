import { describe, expect, test } from 'vitest';
import type { LedgerRecord } from '../../../../src/domain/ledger/record.js';
import {
  planSettlement,
  resendAfterOf,
  type SettlementRow,
  type SettlementRules,
} from '../../../../src/domain/reward/settlement.js';

const DEADLINE = Date.UTC(2026, 10, 23, 12);
const MINUTE = 60_000;

const rules: SettlementRules = {
  grantedWhen: new Set(['PAID', 'OK']),
  absentWhen: new Set(['NOT_FOUND']),
  asOf: DEADLINE + 10 * MINUTE,
  settlesWithinMs: 10 * MINUTE,
};

function record(messageId: string, more: Partial<LedgerRecord> = {}): LedgerRecord {
  const decision = { owner: 'kafka', reason: 'switch off', policyVersion: 1 } as const;
  const seen = { kafka: true, rocketmq: false };
  const parked = { state: 'parked', round: 2, attempt: 1, deadline: DEADLINE } as const;
  return { messageId, ...decision, fingerprint: '00', seen, ...parked, ...more };
}

function plan(rows: readonly Omit<SettlementRow, 'line'>[], records: readonly LedgerRecord[], change = {}) {
  const numbered = rows.map((row, i) => ({ line: i + 2, ...row }));
  return planSettlement(numbered, new Map(records.map((known) => [known.messageId, known])), { ...rules, ...change });
}

function planOne(status: string, known: LedgerRecord | undefined, change = {}) {
  return plan([{ messageId: 'm-1', status }], known === undefined ? [] : [known], change)[0];
}

describe('a row of a settlement file', () => {
  test.each(['PAID', 'OK'])(
    'that says %s answers its parked message granted, in the round it is parked in',
    (status) => {
      expect(planOne(status, record('m-1'))).toEqual({
        line: 2,
        messageId: 'm-1',
        status,
        plan: 'answer',
        resolution: 'granted',
        round: 2,
      });
    },
  );

  test('that says the provider never had it answers resend', () => {
    expect(planOne('NOT_FOUND', record('m-1'))).toMatchObject({ plan: 'answer', resolution: 'resend', round: 2 });
  });

  test.each<[string, LedgerRecord, object]>([
    ['the file was made before its last request could no longer take effect', record('m-1'), { asOf: DEADLINE }],
    ['the workflow knows of a later time', record('m-1', { evidence: evidence(DEADLINE + 11 * MINUTE) }), {}],
    ['nobody knows until when it may take effect', withoutDeadline(record('m-1')), {}],
  ])('that says so proves nothing when %s', (_name, known, change) => {
    expect(planOne('NOT_FOUND', known, change)).toMatchObject({ plan: 'nothing', finding: 'too-early' });
  });

  test('that says so proves something from the very moment on from which it can', () => {
    const known = record('m-1');
    expect(planOne('NOT_FOUND', known, { asOf: DEADLINE + 10 * MINUTE - 1 })).toMatchObject({ plan: 'nothing' });
    expect(planOne('NOT_FOUND', known, { asOf: DEADLINE + 10 * MINUTE })).toMatchObject({ plan: 'answer' });
  });

  test('that says so needs no wait where nothing was executed', () => {
    const known = record('m-1', { evidence: evidence(0) });
    expect(planOne('NOT_FOUND', known, { asOf: 1 })).toMatchObject({ plan: 'answer', resolution: 'resend' });
  });

  test.each<[string, Partial<LedgerRecord>, string]>([
    ['PAID', { state: 'settled', outcome: 'granted' }, 'agrees'],
    ['PAID', { state: 'settled', outcome: 'refused' }, 'contradicts'],
    ['PAID', { state: 'settled', outcome: 'abandoned' }, 'contradicts'],
    ['NOT_FOUND', { state: 'settled', outcome: 'granted' }, 'contradicts'],
    ['NOT_FOUND', { state: 'settled', outcome: 'refused' }, 'agrees'],
    ['PAID', { state: 'sending' }, 'not-parked'],
    ['NOT_FOUND', { state: 'claimed' }, 'not-parked'],
    ['PAID', { stranded: 'its run was terminated' }, 'stranded'],
    ['paid', {}, 'unknown-status'],
    ['PENDING', {}, 'unknown-status'],
    ['', {}, 'unknown-status'],
  ])('with %j of one that is %j changes nothing: %s', (status, more, finding) => {
    expect(planOne(status, record('m-1', more))).toMatchObject({ plan: 'nothing', finding });
  });

  test('of a message that the ledger does not know changes nothing', () => {
    expect(planOne('PAID', undefined)).toMatchObject({ finding: 'no-record' });
  });

  test.each(['', 'a b', 'handover-x', 'é', 'x'.repeat(201)])('with the ID %j changes nothing', (messageId) => {
    expect(plan([{ messageId, status: 'PAID' }], [record(messageId)])[0]).toMatchObject({ finding: 'invalid-id' });
  });

  test.each(['PAID', 'NOT_FOUND', 'PENDING'])(
    'that a second row with %s names as well changes nothing, nor does that',
    (second) => {
      const rows = [
        { messageId: 'm-1', status: 'PAID' },
        { messageId: 'm-2', status: 'PAID' },
        { messageId: 'm-1', status: second },
      ];
      expect(plan(rows, [record('m-1'), record('m-2')])).toMatchObject([
        { finding: 'duplicate-row', reason: 'line 4 names the same message' },
        { plan: 'answer' },
        { finding: 'duplicate-row', reason: 'line 2 names the same message' },
      ]);
    },
  );

  test('that is malformed is believed in nothing, and makes another row of its message a duplicate', () => {
    const rows = [
      { messageId: 'm-1', status: 'PAID', fault: 'it has 3 cells' },
      { messageId: 'm-1', status: 'PAID' },
    ];
    expect(plan(rows, [record('m-1')])).toMatchObject([
      { finding: 'malformed-row', reason: 'it has 3 cells' },
      { finding: 'duplicate-row' },
    ]);
  });
});

test('a resend is accepted after the later of the times that the workflow and the ledger know', () => {
  const record = { deadline: DEADLINE, evidence: evidence(DEADLINE + 1) };
  expect(resendAfterOf(record, 0)).toBe(DEADLINE + 1);
  expect(resendAfterOf(record, 2)).toBe(DEADLINE + 2);
  expect(resendAfterOf({ evidence: evidence(0), deadline: DEADLINE }, 2)).toBe(0);
  expect(resendAfterOf({}, 2)).toBeUndefined();
});

function withoutDeadline({ deadline: _, ...known }: LedgerRecord): LedgerRecord {
  return known;
}

function evidence(resendAfter: number) {
  return { phase: 'sent', detail: 'no answer', resendAfter } as const;
}
