import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bucketOf } from '../../../../src/domain/message/bucket.js';
import {
  decide,
  decider,
  initialPolicy,
  isFailover,
  type Policy,
  parsePercentage,
  percentageOf,
} from '../../../../src/domain/policy/policy.js';

const ON: Policy = { ...initialPolicy('2026-11-23T10:00:00.000Z'), version: 7, consumption: 'on' };

const hundredths = fc.integer({ min: 0, max: 10_000 });
const bucket = fc.integer({ min: 1, max: 10_000 });

describe('the decision', () => {
  test('raising the percentage only adds messages, lowering it only takes away', () => {
    fc.assert(
      fc.property(bucket, hundredths, hundredths, (b, one, other) => {
        const [low, high] = [Math.min(one, other), Math.max(one, other)];
        const atLow = decide({ ...ON, hundredths: low }, { bucket: b }).owner;
        const atHigh = decide({ ...ON, hundredths: high }, { bucket: b }).owner;
        if (atLow === 'rocketmq') expect(atHigh).toBe('rocketmq');
      }),
    );
  });

  test('0 cuts over nothing and 100 everything', () => {
    fc.assert(
      fc.property(bucket, (b) => {
        expect(decide({ ...ON, hundredths: 0 }, { bucket: b }).owner).toBe('kafka');
        expect(decide({ ...ON, hundredths: 10_000 }, { bucket: b }).owner).toBe('rocketmq');
      }),
    );
  });

  test('takes at each of the 10001 percentages exactly as many buckets as it has hundredths', () => {
    const taken = (at: number) => (b: number) => decide({ ...ON, hundredths: at }, { bucket: b }).owner === 'rocketmq';
    for (let at = 0; at <= 10_000; at += 1) {
      // Monotone by the property above, so the two buckets at the edge tell.
      if (at > 0) expect(taken(at)(at)).toBe(true);
      if (at < 10_000) expect(taken(at)(at + 1)).toBe(false);
    }
  });

  test('at a whole percentage goes by the last two digits of the hash', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), fc.string(), (percent, key) => {
        const b = bucketOf('rewards', key);
        const lastTwo = Math.ceil(b / 100);
        const owner = decide({ ...ON, hundredths: percent * 100 }, { bucket: b }).owner;
        expect(owner).toBe(lastTwo <= percent ? 'rocketmq' : 'kafka');
      }),
    );
  });

  test('a whitelisted business ID is cut over whatever the percentage, and no other', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 2 }), bucket, hundredths, (ids, b, at) => {
        const [outside, ...allow] = ids;
        const policy = { ...ON, allow, hundredths: at };
        for (const businessId of allow) {
          expect(decide(policy, { businessId, bucket: b })).toMatchObject({ owner: 'rocketmq', reason: 'whitelisted' });
        }
        expect(decide(policy, { businessId: outside, bucket: b })).toEqual(decide(policy, { bucket: b }));
      }),
    );
  });

  test('with the switch off everything is for kafka, whitelist and percentage or not', () => {
    const off: Policy = { ...ON, consumption: 'off', hundredths: 10_000, allow: ['alice'] };
    fc.assert(
      fc.property(bucket, (b) => {
        const decision = { owner: 'kafka', reason: 'switch off', policyVersion: 7 };
        expect(decide(off, { businessId: 'alice', bucket: b })).toEqual(decision);
      }),
    );
  });

  test('failover decides no owner', () => {
    fc.assert(
      fc.property(bucket, hundredths, fc.constantFrom('kafka' as const, 'rocketmq' as const), (b, at, failover) => {
        const policy = { ...ON, hundredths: at };
        expect(decide({ ...policy, failover }, { bucket: b })).toEqual(decide(policy, { bucket: b }));
      }),
    );
  });

  test('carries its reason and the version', () => {
    const policy = { ...ON, hundredths: 1_000 };
    const policyVersion = 7;
    expect(decide(policy, { bucket: 812 })).toEqual({ owner: 'rocketmq', reason: 'bucket 812 <= 1000', policyVersion });
    expect(decide(policy, { bucket: 1001 })).toEqual({ owner: 'kafka', reason: 'bucket 1001 > 1000', policyVersion });
  });

  test('of a compiled policy is the same', () => {
    const policy: Policy = { ...ON, hundredths: 500, allow: ['alice', 'bob'] };
    const compiled = decider(policy);
    fc.assert(
      fc.property(fc.option(fc.constantFrom('alice', 'bob', 'carol'), { nil: undefined }), bucket, (businessId, b) => {
        expect(compiled({ businessId, bucket: b })).toEqual(decide(policy, { businessId, bucket: b }));
      }),
    );
  });

  test('of the first policy gives everything to kafka', () => {
    expect(decide(initialPolicy('2026-11-23T10:00:00.000Z'), { bucket: 1 })).toMatchObject({ owner: 'kafka' });
  });
});

describe('a percentage', () => {
  test('of each of the 10001 values is read exactly, in every way of writing it', () => {
    for (let value = 0; value <= 10_000; value += 1) {
      const whole = Math.floor(value / 100);
      const decimals = String(value % 100).padStart(2, '0');
      expect(parsePercentage(`${whole}.${decimals}`)).toBe(value);
      expect(parsePercentage(` ${whole}.${decimals} %`)).toBe(value);
      if (value % 10 === 0) expect(parsePercentage(`${whole}.${decimals[0]}`)).toBe(value);
      if (value % 100 === 0) expect(parsePercentage(`${whole}`)).toBe(value);
      expect(parsePercentage(String(percentageOf(value)))).toBe(value);
    }
  });

  test.each(['', '-1', '100.01', '101', '1000', '1.234', '.5', '5.', '1e1', '0x10', 'ten', '1,5', '10 10', 'NaN'])(
    'is not %j',
    (text) => {
      expect(parsePercentage(text)).toBeUndefined();
    },
  );
});

test('failover is none or a side', () => {
  expect(['none', 'kafka', 'rocketmq'].every(isFailover)).toBe(true);
  expect(['', 'both', undefined, 1].some(isFailover)).toBe(false);
});
