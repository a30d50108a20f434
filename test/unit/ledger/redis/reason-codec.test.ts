import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decide, initialPolicy } from '../../../../src/domain/policy/policy.js';
import { packReason, unpackReason } from '../../../../src/ledger/redis/reason-codec.js';

describe('a packed reason', () => {
  test.each([
    ['bucket 812 <= 1000', 'b812<=1000'],
    ['bucket 10000 > 0', 'b10000>0'],
    ['whitelisted', 'w'],
    ['switch off', 's'],
    ['adopted: kafka is past it', 'akafka is past it'],
    ['w', '=w'],
    ['', '='],
  ])('of %j is %j, and is unpacked again', (reason, packed) => {
    expect(packReason(reason)).toBe(packed);
    expect(unpackReason(packed)).toBe(reason);
  });

  test('gives every reason of up to 200 characters back', () => {
    const reason = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 60 }),
      fc.string({ maxLength: 100 }).map((text) => `adopted: ${text}`),
      fc.string({ maxLength: 100 }).map((text) => `bucket ${text}`),
    );
    fc.assert(
      fc.property(reason, (text) => {
        expect(unpackReason(packReason(text))).toBe(text);
      }),
    );
  });

  test('cuts a longer one, never within a character', () => {
    expect(unpackReason(packReason('😀'.repeat(300)))).toBe('😀'.repeat(200));
  });

  test('is short for everything that the policy says', () => {
    const policy = { ...initialPolicy('2026-11-23T10:00:00.000Z'), consumption: 'on' as const, hundredths: 10_000 };
    expect(packReason(decide(policy, { bucket: 10_000 }).reason).length).toBeLessThanOrEqual(13);
  });
});
