import { describe, expect, it } from 'vitest';
import { growthOf, type Sample } from '../../soak/growth.js';

const MINUTE = 60_000;

/** One sample each 10 s for so many minutes. */
function samples(minutes: number, of: (minute: number) => Partial<Sample>): readonly Sample[] {
  return Array.from({ length: minutes * 6 + 1 }, (_, index) => ({
    at: index * 10_000,
    heap: 50e6,
    threads: 2,
    handles: 20,
    ...of(index / 6),
  }));
}

describe('the growth of a process', () => {
  it('is the slope in 10 minutes, as a part of the value at its beginning', () => {
    const growing = samples(30, (minute) => ({ heap: 50e6 + 50e6 * 0.02 * (minute / 10), handles: 20 + minute }));
    const growth = growthOf(growing, 5 * MINUTE);
    expect(growth?.heap).toBeCloseTo(0.02 / 1.01, 4);
    expect(growth?.handles).toBeCloseTo(10 / 25, 4);
  });

  it('leaves the warm-up out', () => {
    const warming = samples(30, (minute) => ({ heap: minute < 5 ? 10e6 + minute * 8e6 : 50e6 }));
    expect(growthOf(warming, 5 * MINUTE)?.heap).toBeCloseTo(0, 10);
  });

  it('is not fooled by a thread that did not answer in time', () => {
    const late = samples(30, (minute) => (minute > 25 ? { heap: 20e6, threads: 1 } : {}));
    expect(growthOf(late, 5 * MINUTE)?.heap).toBeCloseTo(0, 10);
  });

  it('is not found by a saw tooth that comes back to where it was', () => {
    const saw = samples(30, (minute) => ({ heap: 50e6 + (minute % 1) * 1e6 }));
    expect(Math.abs(growthOf(saw, 5 * MINUTE)?.heap ?? 1)).toBeLessThan(0.001);
  });

  it('is unknown from two samples', () => {
    expect(growthOf(samples(30, () => ({})).slice(0, 2), 0)).toBeUndefined();
  });
});
