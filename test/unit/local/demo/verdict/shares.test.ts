import { describe, expect, it } from 'vitest';
import type { LedgerRecord } from '../../../../../src/domain/ledger/record.js';
import { bucketOf } from '../../../../../src/domain/message/bucket.js';
import { initialPolicy, type Policy } from '../../../../../src/domain/policy/policy.js';
import {
  decidedSide,
  isOwnerRight,
  isWithinTolerance,
  sharesOf,
  tolerance,
} from '../../../../../src/local/demo/verdict/shares.js';

function record(rest: Partial<LedgerRecord>): LedgerRecord {
  return {
    messageId: 'm',
    state: 'settled',
    owner: 'kafka',
    reason: 'bucket 2 > 1',
    policyVersion: 2,
    fingerprint: '0'.repeat(16),
    seen: { kafka: true, rocketmq: true },
    round: 1,
    attempt: 1,
    outcome: 'granted',
    ...rest,
  };
}

const policy: Policy = { ...initialPolicy('2026-01-01T00:00:00Z'), consumption: 'on', hundredths: 5_000 };

describe('the share of a phase', () => {
  it('is counted by the version of the policy that decided', () => {
    const records = [
      record({ policyVersion: 2 }),
      record({ policyVersion: 3, owner: 'rocketmq' }),
      record({ policyVersion: 3 }),
      record({ policyVersion: 9, owner: 'rocketmq' }),
    ];
    const phases = [
      { percentage: 0, version: 2 },
      { percentage: 10, version: 3 },
      { percentage: 50, version: 4 },
    ];
    expect(sharesOf(records, phases)).toEqual([
      { percentage: 0, messages: 1, share: 0 },
      { percentage: 10, messages: 2, share: 0.5 },
      { percentage: 50, messages: 0, share: 0 },
    ]);
  });

  it('counts an adopted message for the side that was decided', () => {
    const adopted = record({ owner: 'kafka', reason: 'adopted: rocketmq is past it' });
    expect(decidedSide(adopted)).toBe('rocketmq');
    expect(sharesOf([adopted], [{ percentage: 100, version: 2 }])[0]?.share).toBe(1);
  });

  it('may differ by 0.02 where the percentage leaves nothing to chance', () => {
    expect(tolerance({ percentage: 100, messages: 500 })).toBe(0.02);
    expect(isWithinTolerance({ percentage: 100, messages: 500, share: 0.981 })).toBe(true);
    expect(isWithinTolerance({ percentage: 100, messages: 500, share: 0.979 })).toBe(false);
  });

  it('may differ by four standard errors more where it does', () => {
    expect(tolerance({ percentage: 50, messages: 400 })).toBeCloseTo(0.12);
    expect(isWithinTolerance({ percentage: 50, messages: 400, share: 0.61 })).toBe(true);
    expect(isWithinTolerance({ percentage: 50, messages: 400, share: 0.37 })).toBe(false);
  });
});

describe('the owner of a message', () => {
  const question = { migration: 'rewards', cutoverKey: 'messageId', businessId: 'user-1', policy } as const;
  const bucket = bucketOf('rewards', 'm');
  const right = bucket <= 5_000 ? 'rocketmq' : 'kafka';
  const wrong = bucket <= 5_000 ? 'kafka' : 'rocketmq';

  it('is right where the policy gives it the message, and wrong elsewhere', () => {
    expect(isOwnerRight({ ...question, record: record({ owner: right }) })).toBe(true);
    expect(isOwnerRight({ ...question, record: record({ owner: wrong }) })).toBe(false);
  });

  it('is right where it adopted the message from the side that the policy named', () => {
    const adopted = { reason: `adopted: ${right} is past it` };
    expect(isOwnerRight({ ...question, record: record({ ...adopted, owner: wrong }) })).toBe(true);
    expect(isOwnerRight({ ...question, record: record({ ...adopted, owner: right }) })).toBe(false);
  });

  it('is computed from the business ID where the migration says so', () => {
    const allowed = { ...policy, hundredths: bucketOf('rewards', 'user-1') };
    const byBusiness = { ...question, cutoverKey: 'businessId', policy: allowed } as const;
    expect(isOwnerRight({ ...byBusiness, record: record({ owner: 'rocketmq' }) })).toBe(true);
  });
});
