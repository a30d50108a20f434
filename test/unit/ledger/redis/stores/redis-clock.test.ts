import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { RedisClock } from '../../../../../src/ledger/redis/stores/policy-cache.js';

beforeEach(() => {
  vi.useFakeTimers({ now: 5_000_000 });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('Redis time on the local clock', () => {
  test('is the wall clock until something is known', () => {
    expect(new RedisClock().now()).toBe(5_000_000);
  });

  test('goes on from the middle of the question and its answer', () => {
    const clock = new RedisClock();
    const askedAt = performance.now();
    vi.advanceTimersByTime(20);
    clock.learn(9_000_000, askedAt, performance.now());
    expect(clock.now()).toBe(9_000_010);
    vi.advanceTimersByTime(1_000);
    expect(clock.now()).toBe(9_001_010);
  });

  test('does not care that the wall clock is set', () => {
    const clock = new RedisClock();
    clock.learn(9_000_000, performance.now(), performance.now());
    vi.setSystemTime(1);
    expect(clock.now()).toBe(9_000_000);
  });

  test('learns nothing from an answer that was long under way, unless it knows nothing yet', () => {
    const clock = new RedisClock();
    clock.learn(9_000_000, performance.now(), performance.now());
    const askedAt = performance.now();
    vi.advanceTimersByTime(800);
    clock.learn(9_000_001, askedAt, performance.now());
    expect(clock.now()).toBe(9_000_800);
    const ignorant = new RedisClock();
    ignorant.learn(9_000_000, askedAt, performance.now());
    expect(ignorant.now()).toBe(9_000_400);
  });
});
