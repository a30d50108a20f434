import { describe, expect, it } from 'vitest';
import { NOBODY } from '../../../../src/domain/flow/flow.js';
import {
  findStall,
  type IntakeHold,
  type IntakeLook,
  NO_PROGRESS,
  observe,
  type Progress,
  type Stall,
  stallAfter,
} from '../../../../src/domain/flow/stall.js';

const AFTER_MS = 60_000;
const busy: Omit<IntakeLook, 'now'> = {
  census: { ...NOBODY, queued: 32, due: 256 },
  accepted: 7,
  oldest: {},
  holds: [],
  throttled: false,
};

const temporal: IntakeHold = { what: 'temporal: it is away', dependency: 'temporal' };
const ledger: IntakeHold = { what: 'ledger: Redis gave no answer', dependency: 'ledger' };
/** A rule, by which some deliveries stay with their broker, and nothing is away. */
const WITHHELD: IntakeHold = { what: 'ledger: deliveries without a record stay with their broker' };

/** Looks every second, at what `at` says of that second. Answers when a stall was found first, and the last progress. */
function watch(seconds: number, at: (second: number) => Partial<IntakeLook>) {
  let progress: Progress = NO_PROGRESS;
  let found: ({ second: number } & Partial<Stall>) | undefined;
  for (let second = 0; second <= seconds; second += 1) {
    const look = { ...busy, ...at(second), now: second * 1_000 };
    progress = observe(progress, look);
    const stall = findStall(progress, look, AFTER_MS);
    if (stall !== undefined) found ??= { second, what: stall.what, ...('stage' in stall && { stage: stall.stage }) };
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
      holds: second < 500 ? [temporal] : [],
      oldest: { starting: 0 },
    }));
    expect(found).toEqual({ second: 560, what: 'nothing-accepted' });
    expect(progress.quietSince).toBe(0);
    // Its words change, and it is the same hold.
    const count = (second: number) => ({
      holds: [{ what: `temporal: ${second} calls failed`, dependency: 'temporal' }],
    });
    expect(watch(600, count).progress.holds).toEqual(new Map([['temporal', 0]]));
  });

  it('is found of one delivery although something else is away, but not while that is what it needs', () => {
    const stuck = (stage: 'routing' | 'starting' | 'lingering' | 'in-hand', holds: readonly IntakeHold[]) =>
      watch(600, () => ({ oldest: { [stage]: 0 }, holds })).found;
    const ofStage = (stage: string) => ({ second: 60, what: 'one-delivery-stuck', stage });
    expect(stuck('routing', [temporal])).toEqual(ofStage('routing'));
    expect(stuck('routing', [WITHHELD])).toEqual(ofStage('routing'));
    expect(stuck('starting', [{ what: 'policy: it is not known', dependency: 'policy' }])).toEqual(ofStage('starting'));
    expect(stuck('lingering', [temporal, ledger])).toEqual(ofStage('lingering'));
    expect(stuck('in-hand', [temporal, ledger])).toEqual(ofStage('in-hand'));
    expect(stuck('starting', [temporal])).toBeUndefined();
    expect(stuck('routing', [ledger])).toBeUndefined();
  });

  it('of one delivery has its whole time again when what it needs is back', () => {
    const { found } = watch(600, (second) => ({
      accepted: second,
      oldest: { starting: 0 },
      holds: second < 300 ? [temporal] : [],
    }));
    expect(found).toEqual({ second: 360, what: 'one-delivery-stuck', stage: 'starting' });
  });

  it('is a hold and no stall while the throttle holds, but for one that is at work and does not come to an end', () => {
    expect(watch(600, () => ({ throttled: true })).found).toBeUndefined();
    expect(watch(600, () => ({ throttled: true, oldest: { routing: 100_000 } })).found).toEqual({
      second: 160,
      what: 'one-delivery-stuck',
      stage: 'routing',
    });
  });

  it('is found where one delivery does not come to an end while the others pass it', () => {
    const { found } = watch(600, (second) => ({ accepted: second, oldest: { starting: 0 } }));
    expect(found).toEqual({ second: 60, what: 'one-delivery-stuck', stage: 'starting' });
  });

  it('has twice the longest wait that is configured, at least', () => {
    expect(stallAfter({ stallMs: 60_000, lingerMs: 1_000 })).toBe(60_000);
    expect(stallAfter({ stallMs: 60_000, lingerMs: 60_000 })).toBe(1_200_000);
  });
});
