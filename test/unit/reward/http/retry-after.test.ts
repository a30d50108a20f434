import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RETRY_AFTER_MAX_MS, readHttpDate, readRetryAfter } from '../../../../src/reward/http/retry-after.js';

const NOW = Date.UTC(2026, 10, 23, 12, 0, 0);

describe('Retry-After', () => {
  it('reads whole seconds, at most an hour', () => {
    fc.assert(
      fc.property(fc.nat({ max: 10_000_000 }), (seconds) => {
        expect(readRetryAfter(String(seconds), NOW)).toBe(Math.min(seconds * 1000, RETRY_AFTER_MAX_MS));
      }),
    );
  });

  it('reads the date that a server would write, from now on and never into the past', () => {
    fc.assert(
      fc.property(fc.integer({ min: -100_000, max: 100_000 }), (seconds) => {
        const header = new Date(NOW + seconds * 1000).toUTCString();
        const expected = Math.min(Math.max(seconds * 1000, 0), RETRY_AFTER_MAX_MS);
        expect(readRetryAfter(header, NOW)).toBe(expected);
      }),
    );
  });

  // The three forms that RFC 9110 names, of one instant.
  it.each(['Sun, 06 Nov 1994 08:49:37 GMT', 'Sunday, 06-Nov-94 08:49:37 GMT', 'Sun Nov  6 08:49:37 1994'])(
    'understands the date "%s"',
    (text) => {
      expect(readHttpDate(text)).toBe(784_111_777_000);
    },
  );

  it.each(['', 'soon', '1.5', '-1', '1e3', '0x10', '5 s', '2026-11-23T12:00:05Z', 'Mon, 99 Foo 2026 12:00:00 GMT'])(
    'says nothing for "%s"',
    (text) => {
      expect(readRetryAfter(text, NOW)).toBeUndefined();
    },
  );

  it('gives a pause within its bounds, or none, for any text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...'0123456789 ,:-GMTSunNov') })), (text) => {
        const pause = readRetryAfter(text, NOW);
        if (pause === undefined) return;
        expect(pause).toBeGreaterThanOrEqual(0);
        expect(pause).toBeLessThanOrEqual(RETRY_AFTER_MAX_MS);
      }),
    );
  });
});
