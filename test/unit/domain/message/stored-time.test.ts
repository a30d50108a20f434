import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isBeyondMemory, memoryOf } from '../../../../src/domain/message/retention.js';

const DAY = 24 * 60 * 60 * 1_000;

describe("the ledger's memory", () => {
  it('is the lifetime of a settled record less a day, and half of a short one', () => {
    expect([15 * DAY, 2 * DAY, DAY, 3_600_000].map(memoryOf)).toEqual([14 * DAY, DAY, DAY / 2, 1_800_000]);
  });

  it('is never longer than that lifetime, and never none', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3650 * DAY }), (lifetime) => {
        expect(memoryOf(lifetime)).toBeGreaterThan(0);
        expect(memoryOf(lifetime)).toBeLessThan(lifetime);
      }),
    );
  });

  it('does not judge by a time that is none', () => {
    const now = Date.parse('2026-11-23T05:00:00Z');
    const garbage = fc.oneof(
      fc.double({ max: 999_999_999_999, noDefaultInfinity: true }),
      fc.constantFrom(0, -1, Number.NaN, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY),
      fc.integer({ min: now, max: Number.MAX_SAFE_INTEGER }),
    );
    fc.assert(
      fc.property(garbage, (storedAt) => {
        expect(isBeyondMemory(storedAt, now, 1)).toBe(false);
      }),
    );
    expect(isBeyondMemory(now - 2, now, 1)).toBe(true);
    expect(isBeyondMemory(now - 1, now, 1)).toBe(false);
  });
});
