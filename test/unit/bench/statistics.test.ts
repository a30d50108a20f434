import { describe, expect, it } from 'vitest';
import { medianOfEach, percentiles, quantile, rateOf, summarize } from '../../../bench/measure/statistics.js';

describe('quantile', () => {
  it('lies between the two nearest values, whatever their order', () => {
    expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5);
    expect(quantile([30, 10, 20], 1)).toBe(30);
    expect(quantile([7], 0.99)).toBe(7);
  });

  it('refuses to say anything of nothing', () => {
    expect(() => quantile([], 0.5)).toThrow(RangeError);
  });
});

describe('summarize', () => {
  it('tells the median, the spread and the rounds as they came', () => {
    expect(summarize([90, 110, 100])).toEqual({ median: 100, min: 90, max: 110, rounds: [90, 110, 100] });
  });
});

describe('medianOfEach', () => {
  it('counts what a round lacks as 0', () => {
    expect(medianOfEach([{ get: 2, set: 1 }, { get: 4 }, { get: 3, set: 5 }])).toEqual({ get: 3, set: 1 });
  });
});

describe('percentiles', () => {
  it('are of all values', () => {
    const values = Array.from({ length: 101 }, (_, index) => 100 - index);
    expect(percentiles(values)).toEqual({ count: 101, p50: 50, p95: 95, p99: 99 });
  });

  it('are no numbers where there are no values, so that a contender that rewarded nothing is told of all the same', () => {
    expect(percentiles([])).toEqual({ count: 0, p50: Number.NaN, p95: Number.NaN, p99: Number.NaN });
  });
});

describe('rateOf', () => {
  it('counts from the start of the work to the slowest message', () => {
    const grantedAt = [1_500, 1_510, 1_520, 3_000];
    expect(rateOf(grantedAt, 1_000)).toBe(2);
    expect(rateOf([...grantedAt].reverse(), 1_000)).toBe(2);
  });

  it('is 0 where nothing came', () => {
    expect(rateOf([], 1_000)).toBe(0);
  });
});
