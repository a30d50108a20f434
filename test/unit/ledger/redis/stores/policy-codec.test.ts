import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { initialPolicy, type Policy } from '../../../../../src/domain/policy/policy.js';
import { decodePolicy, encodePolicy } from '../../../../../src/ledger/redis/stores/policy-codec.js';

const POLICY: Policy = {
  ...initialPolicy('2026-11-23T10:00:00.000Z'),
  consumption: 'on',
  hundredths: 29,
  allow: ['alice', '会員-42'],
};

describe('the policy as text', () => {
  test('is read back as it was', () => {
    expect(decodePolicy(encodePolicy(POLICY))).toEqual(POLICY);
  });

  test('is the same text for the same policy, in whatever order its parts were given', () => {
    const shuffled = Object.fromEntries(Object.entries(POLICY).toReversed()) as unknown as Policy;
    expect(encodePolicy(shuffled)).toBe(encodePolicy(POLICY));
  });

  test('of nonsense is not even written', () => {
    expect(() => encodePolicy({ ...POLICY, hundredths: 10_001 })).toThrow();
    expect(() => encodePolicy({ ...POLICY, version: 0 })).toThrow();
  });

  test('with any part missing or of another type is no policy', () => {
    for (const part of Object.keys(POLICY)) {
      expect(decodePolicy(JSON.stringify({ ...POLICY, [part]: undefined }))).toBeUndefined();
      expect(decodePolicy(JSON.stringify({ ...POLICY, [part]: null }))).toBeUndefined();
      expect(decodePolicy(JSON.stringify({ ...POLICY, [part]: { x: 1 } }))).toBeUndefined();
    }
  });

  test('never throws and never invents a percentage, whatever is stored', () => {
    const stored = fc.oneof(
      fc.string(),
      fc.json(),
      fc.record({ hundredths: fc.anything() }).map((part) => JSON.stringify({ ...POLICY, ...part }) ?? ''),
    );
    fc.assert(
      fc.property(stored, (text) => {
        const policy = decodePolicy(text);
        if (policy === undefined) return;
        expect(policy.hundredths).toBe(JSON.parse(text).hundredths);
        expect(policy.hundredths).toBeGreaterThanOrEqual(0);
        expect(policy.hundredths).toBeLessThanOrEqual(10_000);
      }),
    );
  });
});
