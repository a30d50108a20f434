import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  afterLookup,
  apartMs,
  LOOKUPS,
  type LookupHeard,
  type LookupRules,
  maySendAgain,
} from '../../../../src/domain/reward/lookup.js';
import type { LookupResult } from '../../../../src/domain/reward/outcome.js';

const rules: LookupRules = { notBefore: 10_000, apartMs: 5_000, maySendAgain: true };
const heard = (result: LookupResult, askedAt: number, heardAt = askedAt): LookupHeard => ({ result, askedAt, heardAt });

describe('what follows from a lookup', () => {
  it("'granted' settles, whenever it is said", () => {
    expect(afterLookup(heard('granted', 1), 0, undefined, { ...rules, maySendAgain: false })).toEqual({
      step: 'settle',
    });
  });

  it("a first 'absent' has to be confirmed, the time apart later", () => {
    const first = heard('absent', 10_001);
    expect(afterLookup(first, 0, undefined, rules)).toEqual({ step: 'ask-again', inMs: 5_001, first });
    expect(afterLookup(heard('absent', 15_001), 1, first, rules)).toEqual({ step: 'send-again', observedAt: 10_001 });
  });

  it("an 'absent' of a time at which something may still take effect is none", () => {
    expect(afterLookup(heard('absent', 10_000), 0, undefined, rules)).toEqual({ step: 'ask-again', inMs: 1_000 });
    expect(afterLookup(heard('absent', 4_000), 0, undefined, rules)).toEqual({ step: 'ask-again', inMs: 6_001 });
    // The time has moved on since the first one was heard, as a reset makes it.
    const first = heard('absent', 9_000);
    const second = heard('absent', 20_000);
    expect(afterLookup(second, 1, first, rules)).toEqual({ step: 'ask-again', inMs: 5_001, first: second });
  });

  it.each([
    ["Redis'", heard('absent', 15_000, 30_000)],
    ["Temporal's", heard('absent', 30_000, 15_000)],
  ])('two are too close together by %s clock alone', (_whose, second) => {
    const first = heard('absent', 10_001);
    expect(afterLookup(second, 1, first, rules)).toMatchObject({ step: 'ask-again', first });
  });

  it('where none may send again, an absent parks at once, and one that comes too early is asked again', () => {
    const never = { ...rules, maySendAgain: false };
    expect(afterLookup(heard('absent', 10_001), 0, undefined, never)).toEqual({ step: 'park' });
    expect(afterLookup(heard('absent', 9_000), 0, undefined, never)).toMatchObject({ step: 'ask-again' });
  });

  it('one that is not set up to tell is not asked again', () => {
    expect(afterLookup({ ...heard('unknown', 1), inVain: true }, 0, undefined, rules)).toEqual({ step: 'park' });
  });

  it('pauses grow while it cannot tell, and end', () => {
    const pauses: number[] = [];
    for (let asked = 0; ; asked += 1) {
      const next = afterLookup(heard('unknown', 20_000), asked, undefined, rules);
      if (next.step !== 'ask-again') {
        expect(next.step).toBe('park');
        break;
      }
      pauses.push(next.inMs);
    }
    expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000]);
  });

  it('the time apart is the longer one of what the provider and an attempt may take', () => {
    expect(apartMs({ settlesWithinMs: 3_000, attemptTimeoutMs: 20_000 })).toBe(20_000);
    expect(apartMs({ settlesWithinMs: 60_000, attemptTimeoutMs: 20_000 })).toBe(60_000);
  });
});

describe('a lookup sends again', () => {
  it('once: after the first round, of a run that knows that none has done so', () => {
    for (const round of [1, 2, 3, 50])
      for (const isFirst of [true, false])
        for (const inDoubt of [true, false])
          expect(maySendAgain({ round, isFirst, inDoubt })).toBe(round === 1 && isFirst && !inDoubt);
  });

  it('only after two absents that both count, whatever is answered at whatever times', () => {
    const answer = fc.record({
      result: fc.constantFrom<LookupResult>('granted', 'absent', 'unknown'),
      redisRuns: fc.integer({ min: -20_000, max: 40_000 }),
    });
    fc.assert(
      fc.property(fc.array(answer, { minLength: LOOKUPS * 10, maxLength: LOOKUPS * 10 }), (answers) => {
        let first: LookupHeard | undefined;
        let [temporal, redis] = [5_000, 5_000];
        const counted: LookupHeard[] = [];
        for (const [asked, { result, redisRuns }] of answers.entries()) {
          const now = heard(result, redis, temporal);
          if (result === 'absent' && redis > rules.notBefore) counted.push(now);
          const next = afterLookup(now, asked, first, rules);
          if (next.step === 'settle') expect(result).toBe('granted');
          if (next.step === 'park') expect(asked).toBe(LOOKUPS - 1);
          if (next.step === 'send-again') {
            expect(counted).toContainEqual(first);
            expect(now.askedAt - (first?.askedAt ?? Number.NaN)).toBeGreaterThanOrEqual(rules.apartMs);
            expect(now.heardAt - (first?.heardAt ?? Number.NaN)).toBeGreaterThanOrEqual(rules.apartMs);
            expect(next.observedAt).toBeGreaterThan(rules.notBefore);
          }
          if (next.step !== 'ask-again') return;
          expect(next.inMs).toBeGreaterThan(0);
          first = next.first;
          temporal += next.inMs;
          // The other clock stands still, jumps or goes back meanwhile.
          redis += redisRuns;
        }
        expect.unreachable('it is asked for ever');
      }),
      { numRuns: 2_000 },
    );
  });
});
