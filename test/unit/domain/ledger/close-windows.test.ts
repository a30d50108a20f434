import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type CloseWindow,
  firstWindow,
  halved,
  WINDOW_HOLDS,
  windowAfter,
} from '../../../../src/domain/ledger/close-windows.js';

const END = Date.UTC(2026, 10, 23, 12);
const DAY = 24 * 60 * 60 * 1_000;

/** Windows as a recovery takes them, where `holds` says how many workflows there are in each. */
function windows(since: number | null, holds: (window: CloseWindow) => number): CloseWindow[] {
  const taken: CloseWindow[] = [];
  let next: CloseWindow | undefined = firstWindow(since, END - 30 * DAY, END);
  while (next !== undefined) {
    let window: CloseWindow = next;
    for (let cut = halved(window, holds(window)); cut !== undefined; cut = halved(window, holds(window))) window = cut;
    taken.push(window);
    next = windowAfter(window, holds(window), END);
  }
  return taken;
}

const perSecond = fc.array(fc.record({ at: fc.integer({ min: END - 30 * DAY, max: END }), rate: fc.nat(5_000) }), {
  maxLength: 4,
});

describe('the windows of a recovery', () => {
  test('leave no gap, overlap nowhere, go from the oldest to the end, and none that can be shorter holds too many', () => {
    fc.assert(
      fc.property(fc.option(fc.integer({ min: END - 40 * DAY, max: END })), perSecond, (since, bursts) => {
        const holds = ({ from, to }: CloseWindow): number =>
          bursts.reduce((sum, { at, rate }) => {
            const overlap = Math.min(to, at + 60_000) - Math.max(from ?? 0, at);
            return sum + Math.max(0, (overlap / 1_000) * rate);
          }, 0);
        const taken = windows(since, holds);
        expect(taken[0]?.from).toBe(since);
        expect(taken.at(-1)?.to).toBe(END);
        for (const [index, window] of taken.entries()) {
          if (index > 0) expect(window.from).toBe(taken[index - 1]?.to);
          const isShort = window.from === null || window.to - window.from <= 1_000;
          expect(isShort || holds(window) <= WINDOW_HOLDS).toBe(true);
        }
      }),
      { numRuns: 50 },
    );
  });

  test('are few where little has closed', () => {
    expect(windows(null, () => 0).length).toBeLessThan(60);
    expect(windows(END - DAY, () => 0).length).toBeLessThan(20);
  });
});
