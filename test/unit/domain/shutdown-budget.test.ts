import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { divideShutdown } from '../../../src/domain/shutdown-budget.js';

describe('the time of a stop', () => {
  it('leaves an attempt and the drain their whole time within 30 s, as both are by default', () => {
    expect(divideShutdown(30_000, { drainMs: 20_000, attemptMs: 20_000 })).toEqual({
      drainMs: 20_000,
      graceMs: 20_000,
      forceMs: 22_000,
      workMs: 26_000,
      closedMs: 28_000,
    });
  });

  it('cuts both where less was allowed', () => {
    const { drainMs, graceMs } = divideShutdown(10_000, { drainMs: 20_000, attemptMs: 20_000 });
    expect(graceMs).toBeLessThan(10_000);
    expect(drainMs).toBeLessThan(10_000);
  });

  it('adds up to no more than the whole, whatever is wished for, and leaves every step something', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 5_000, max: 3_600_000 }),
        fc.integer({ min: 0, max: 3_600_000 }),
        fc.integer({ min: 3_000, max: 7_200_000 }),
        (totalMs, drainMs, attemptMs) => {
          const budget = divideShutdown(totalMs, { drainMs, attemptMs });
          expect(budget.drainMs).toBeLessThanOrEqual(drainMs);
          expect(budget.drainMs).toBeLessThan(budget.workMs);
          expect(budget.graceMs).toBeGreaterThan(0);
          expect(budget.graceMs).toBeLessThanOrEqual(attemptMs);
          expect(budget.graceMs).toBeLessThan(budget.forceMs);
          expect(budget.forceMs).toBeLessThanOrEqual(budget.workMs);
          expect(budget.workMs).toBeLessThan(budget.closedMs);
          // Main waits a second for what does not end by itself, before it ends the process.
          expect(totalMs - budget.closedMs).toBeGreaterThanOrEqual(1_000);
        },
      ),
    );
  });
});
