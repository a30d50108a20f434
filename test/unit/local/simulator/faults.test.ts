import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawFault, FAULTS, type FaultRates, readFaultRates } from '../../../../src/local/simulator/faults.js';

const rates = fc.dictionary(
  fc.constantFrom(...FAULTS),
  fc.double({ min: 0, max: 1, noNaN: true }),
) as fc.Arbitrary<FaultRates>;

describe("the simulator's faults", () => {
  it('hit the same attempt at the same message in every run with the same seed', () => {
    fc.assert(
      fc.property(rates, fc.string(), fc.string(), fc.integer({ min: 1, max: 50 }), (faults, seed, id, attempt) => {
        expect(drawFault(faults, seed, id, attempt)).toBe(drawFault({ ...faults }, seed, id, attempt));
      }),
    );
  });

  it('never happen at rate 0, and always at rate 1', () => {
    fc.assert(
      fc.property(fc.constantFrom(...FAULTS), fc.string(), fc.integer({ min: 1, max: 9 }), (fault, id, attempt) => {
        expect(drawFault({ [fault]: 0 }, 's', id, attempt)).toBeUndefined();
        expect(drawFault({ [fault]: 1 }, 's', id, attempt)).toBe(fault);
      }),
    );
  });

  it('come about as often as they are ordered', () => {
    const hits = Array.from({ length: 20_000 }, (_, i) => drawFault({ '429': 0.05 }, 'seed', `m-${i}`, 1));
    const share = hits.filter((fault) => fault === '429').length / hits.length;
    // Five standard errors of a share of 0.05 in 20 000 draws.
    expect(Math.abs(share - 0.05)).toBeLessThan(5 * Math.sqrt((0.05 * 0.95) / 20_000));
  });

  it('refuse a message at every attempt or at none, and turn it away afresh at each', () => {
    const ids = Array.from({ length: 200 }, (_, i) => `m-${i}`);
    const verdicts = (fault: '429' | 'refuse') =>
      ids.map((id) => new Set([1, 2, 3, 4, 5, 6].map((attempt) => drawFault({ [fault]: 0.5 }, 's', id, attempt))).size);
    expect(Math.max(...verdicts('refuse'))).toBe(1);
    expect(Math.max(...verdicts('429'))).toBe(2);
  });

  it('differ with the seed', () => {
    const draw = (seed: string) => Array.from({ length: 64 }, (_, i) => drawFault({ '503': 0.5 }, seed, `m-${i}`, 1));
    expect(draw('a')).not.toEqual(draw('b'));
  });

  it.each([
    [null],
    [[]],
    ['429'],
    [{ nope: 0.1 }],
    [{ '429': 2 }],
    [{ '429': -0.1 }],
    [{ '429': Number.NaN }],
    [{ slow: '1' }],
  ])('are not read from %j', (value) => {
    expect(readFaultRates(value)).toBeTypeOf('string');
  });

  it('are read from an object of rates', () => {
    fc.assert(
      fc.property(rates, (faults) => {
        expect(readFaultRates(faults)).toEqual(faults);
      }),
    );
  });
});
