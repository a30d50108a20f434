import { describe, expect, it } from 'vitest';
import { NOBODY } from '../../../src/domain/flow.js';
import {
  findStall,
  type IntakeLook,
  NO_PROGRESS,
  observe,
  type Progress,
  stallAfter,
} from '../../../src/domain/stall.js';

const AFTER_MS = 60_000;
const busy: Omit<IntakeLook, 'now'> = {
  census: { ...NOBODY, queued: 32, due: 256 },
  accepted: 7,
  oldestAtWork: undefined,
  holds: [],
  throttled: false,
};

/** Looks every second, at what `at` says of that second. Answers when a stall was found first, and the last progress. */
function watch(seconds: number, at: (second: number) => Partial<IntakeLook>) {
  let progress: Progress = NO_PROGRESS;
  let found: { second: number; what: string } | undefined;
  for (let second = 0; second <= seconds; second += 1) {
    const look = { ...busy, ...at(second), now: second * 1_000 };
    progress = observe(progress, look);
    const stall = findStall(progress, look, AFTER_MS);
    if (stall !== undefined) found ??= { second, what: stall.what };
  }
  return { found, progress };
}

describe('an intake that stands still', () => {
  it('is found after its time, where nothing is accepted of what is in hand and nothing says why', () => {
    expect(watch(600, () => ({})).found).toEqual({ second: 60, what: 'nothing-accepted' });
  });

  it('is not found while anything is accepted, nor while nothing is in hand', () => {
    expect(watch(600, (second) => ({ accepted: Math.floor(second / 59) })).found).toBeUndefined();
    expect(watch(600, () => ({ census: NOBODY })).found).toBeUndefined();
    expect(watch(600, () => ({ census: { ...NOBODY, 'in-hand': 4 } })).progress.quietSince).toBeUndefined();
  });

  it('is counted from when something came to hand, however long ago the last one was accepted', () => {
    const { found } = watch(600, (second) => (second < 300 ? { census: NOBODY } : {}));
    expect(found?.second).toBe(360);
  });

  it('is a hold and no stall while a dependency is away, and has its whole time again when that is back', () => {
    const { found, progress } = watch(600, (second) => ({
      holds: second < 500 ? ['temporal: it is away'] : [],
      oldestAtWork: 0,
    }));
    expect(found).toEqual({ second: 560, what: 'nothing-accepted' });
    expect(progress.quietSince).toBe(0);
    expect(watch(600, () => ({ holds: ['ledger: Redis gave no answer'] })).progress.holds).toEqual(
      new Map([['ledger: Redis gave no answer', 0]]),
    );
  });

  it('is a hold and no stall while the throttle holds, but for one that is at work and does not come to an end', () => {
    expect(watch(600, () => ({ throttled: true })).found).toBeUndefined();
    expect(watch(600, () => ({ throttled: true, oldestAtWork: 100_000 })).found).toEqual({
      second: 160,
      what: 'one-delivery-stuck',
    });
  });

  it('is found where one delivery does not come to an end while the others pass it', () => {
    const { found } = watch(600, (second) => ({ accepted: second, oldestAtWork: 0 }));
    expect(found).toEqual({ second: 60, what: 'one-delivery-stuck' });
  });

  it('has twice the longest wait that is configured, at least', () => {
    expect(stallAfter({ stallMs: 60_000, lingerMs: 1_000 })).toBe(60_000);
    expect(stallAfter({ stallMs: 60_000, lingerMs: 60_000 })).toBe(1_200_000);
  });
});
