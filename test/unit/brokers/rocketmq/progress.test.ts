import { describe, expect, it } from 'vitest';
import { RocketmqPast } from '../../../../src/brokers/rocketmq/progress.js';
import type { OthersHolding } from '../../../../src/domain/message/holding.js';

/** With the time that the broker takes to hand something out again. */
const INVISIBILITY = 10_000 + 5_000;
const NOTHING_PENDING = undefined;

function pastOf(...queues: readonly string[]): RocketmqPast {
  const past = new RocketmqPast(INVISIBILITY - 5_000);
  past.route(queues);
  return past;
}

describe('the past of a RocketMQ group', () => {
  it('is unknown at first, and while the queues of the topic are', () => {
    const past = pastOf();
    past.foundEmpty('a', 1000, 6000);
    past.handedOut('a/0', 2000, 6500);
    expect(past.value(60_000, NOTHING_PENDING)).toBeUndefined();
  });

  it('is the start of a poll that found a broker empty, one invisibility time later', () => {
    const past = pastOf('a/0', 'a/1');
    past.foundEmpty('a', 1000, 6000);
    expect(past.value(6000 + INVISIBILITY - 1, NOTHING_PENDING)).toBeUndefined();
    expect(past.value(6000 + INVISIBILITY, NOTHING_PENDING)).toBe(1000);
  });

  it('is the oldest of what the queues have handed out', () => {
    const past = pastOf('a/0', 'a/1');
    past.handedOut('a/0', 5000, 7000);
    expect(past.value(99_000, NOTHING_PENDING)).toBeUndefined();
    past.handedOut('a/1', 3000, 8000);
    expect(past.value(8000 + INVISIBILITY, NOTHING_PENDING)).toBe(3000);
    past.handedOut('a/1', 6000, 30_000);
    expect(past.value(30_000 + INVISIBILITY, NOTHING_PENDING)).toBe(5000);
  });

  it('needs every broker of the topic: one that was empty says nothing of another', () => {
    const past = pastOf('a/0', 'b/0');
    past.foundEmpty('a', 1000, 6000);
    expect(past.value(99_000, NOTHING_PENDING)).toBeUndefined();
    past.foundEmpty('b', 2000, 7000);
    expect(past.value(99_000, NOTHING_PENDING)).toBe(1000);
  });

  it('does not take the brokers ab and a for one', () => {
    const past = pastOf('ab/0');
    past.foundEmpty('a', 1000, 6000);
    expect(past.value(99_000, NOTHING_PENDING)).toBeUndefined();
  });

  it('waits for what was received before it, not for what came later', () => {
    const past = pastOf('a/0');
    past.handedOut('a/0', 5000, 7000);
    past.foundEmpty('a', 8000, 13_000);
    expect(past.value(99_000, 7000)).toBeUndefined();
    expect(past.value(99_000, 12_999)).toBe(5000);
    expect(past.value(99_000, 13_001)).toBe(8000);
  });

  it('is not believed by what another told before all that a dead one held had come again: it may have come to that one', () => {
    const past = pastOf('a/0');
    past.foundEmpty('a', 1000, 6000);
    const dead = { at: 20_000, since: 500 };
    const cameAgainBy = 20_000 + INVISIBILITY + 5_000;
    const valueWith = (now: number, other: OthersHolding) => past.value(now, NOTHING_PENDING, [dead, other]);
    // Long after the observation, and with a poll under way, which may bring what the dead one held.
    const before = { at: cameAgainBy - 500, since: cameAgainBy - 1_000 };
    expect(valueWith(cameAgainBy, before)).toBeUndefined();
    expect(valueWith(cameAgainBy + 500, { at: cameAgainBy + 400, since: 0 })).toBeUndefined();
    expect(valueWith(cameAgainBy + 500, { ...before, at: cameAgainBy })).toBe(1000);
  });

  it('begins anew when a delivery goes back to the broker', () => {
    const past = pastOf('a/0');
    past.foundEmpty('a', 1000, 6000);
    past.gaveBack(7000);
    expect(past.value(99_000, NOTHING_PENDING)).toBeUndefined();
    past.foundEmpty('a', 100_000, 105_000);
    expect(past.value(105_000 + INVISIBILITY, NOTHING_PENDING)).toBe(100_000);
  });

  it('stays where it was proven when queues are added, and goes on once they have shown something', () => {
    const past = pastOf('a/0');
    past.foundEmpty('a', 1000, 6000);
    expect(past.value(21_000, NOTHING_PENDING)).toBe(1000);
    past.route(['a/0', 'a/1']);
    past.handedOut('a/0', 22_000, 22_000);
    expect(past.value(60_000, NOTHING_PENDING)).toBe(1000);
    past.foundEmpty('a', 61_000, 66_000);
    expect(past.value(66_000 + INVISIBILITY, NOTHING_PENDING)).toBe(61_000);
  });

  it('never goes back, and does not grow without bound while a delivery stays pending', () => {
    const past = pastOf('a/0');
    let last = 0;
    for (let now = 1000; now <= 3_600_000; now += 1000) {
      past.handedOut('a/0', now - 10, now);
      const value = past.value(now, 1_000_500) ?? 0;
      expect(value).toBeGreaterThanOrEqual(last);
      last = value;
    }
    expect(last).toBe(999_990);
    expect(past.value(3_600_000 + INVISIBILITY, NOTHING_PENDING)).toBe(3_599_990);
  });
});
