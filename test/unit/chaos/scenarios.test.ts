import { describe, expect, it } from 'vitest';
import { coveredBy } from '../../chaos/report.js';
import { SCENARIOS } from '../../chaos/scenarios/index.js';

/** Rows in the list of faults that the harness is held against. */
const ROWS = 38;

describe('the scenarios', () => {
  it('have names of their own', () => {
    expect(new Set(SCENARIOS.map(({ name }) => name)).size).toBe(SCENARIOS.length);
  });

  it.each(SCENARIOS)(
    '$name names its faults, its promises, rows that there are, and how much must be granted',
    (scenario) => {
      const { faults, promises, covers, leastGranted } = scenario;
      expect(faults.length).toBeGreaterThan(0);
      expect(new Set(faults).size).toBe(faults.length);
      expect(promises.length).toBeGreaterThan(0);
      for (const promise of promises) expect(promise).toMatch(/^P[1-7]$/);
      expect(covers.length).toBeGreaterThan(0);
      for (const row of covers) expect(row).toBeOneOf(Array.from({ length: ROWS }, (_, index) => index + 1));
      expect(leastGranted).toBeGreaterThan(0);
    },
  );

  it('that run in both ways differ in that alone, and two of them at most are short', () => {
    const inline = SCENARIOS.filter(({ dispatch }) => dispatch === 'inline-first');
    expect(inline.length).toBeGreaterThan(0);
    for (const { name, leastGranted, ...own } of inline) {
      const plain = SCENARIOS.find((scenario) => `${scenario.name}-inline-first` === name);
      const same = { ...plain, name: undefined, leastGranted: undefined, set: own.set };
      expect(own).toEqual({ ...same, dispatch: 'inline-first' });
      // A loss of the ledger parks what a first attempt of the other kind would go on with.
      const least = name === 'redis-amnesia-inline-first' ? 30 : plain?.leastGranted;
      expect(leastGranted).toBe(least);
    }
    expect(inline.filter(({ set }) => set === 'short').length).toBeLessThanOrEqual(2);
  });

  it('cover at least 15 rows in the short set, and 30 in all', () => {
    expect(coveredBy(SCENARIOS.filter(({ set }) => set === 'short')).length).toBeGreaterThanOrEqual(15);
    expect(coveredBy(SCENARIOS).length).toBeGreaterThanOrEqual(30);
  });

  it('try every promise in the short set', () => {
    const tried = new Set(SCENARIOS.filter(({ set }) => set === 'short').flatMap(({ promises }) => promises));
    expect([...tried].sort()).toEqual(['P1', 'P2', 'P3', 'P4', 'P5', 'P6', 'P7']);
  });
});
