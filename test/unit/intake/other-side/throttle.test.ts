import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Side } from '../../../../src/domain/side.js';
import { Throttle } from '../../../../src/intake/other-side/throttle.js';
import type { WaitingMessages } from '../../../../src/ledger/redis/stores/waiting-messages.js';

const log = { debug: () => undefined, info: () => undefined, warn: vi.fn(), error: () => undefined };

/** Waiting messages of both owners; those of `gone` are claimed, which a look finds. */
function fakeWaiting(): WaitingMessages & { readonly sets: Record<Side, Set<string>>; readonly gone: Set<string> } {
  const sets: Record<Side, Set<string>> = { kafka: new Set(), rocketmq: new Set() };
  const gone = new Set<string>();
  return {
    sets,
    gone,
    async enter(owner, messageId, room) {
      const set = sets[owner];
      const entered = set.has(messageId) || set.size < room;
      if (entered) set.add(messageId);
      return { entered, waiting: set.size };
    },
    async leave(messageId) {
      for (const set of Object.values(sets)) set.delete(messageId);
    },
    count: async () => ({ kafka: sets.kafka.size, rocketmq: sets.rocketmq.size }),
    async verify(owner) {
      for (const messageId of gone) sets[owner].delete(messageId);
      return sets[owner].size;
    },
  };
}

const ids = (count: number, prefix = 'm'): string[] => Array.from({ length: count }, (_, n) => `${prefix}-${n}`);

function createThrottle(limit: number, side: Side = 'kafka', waiting = fakeWaiting()) {
  return { throttle: new Throttle({ side, limit, waiting, log }), waiting };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('the throttle of a side', () => {
  it('lets in as many as the limit says, and then holds', async () => {
    const { throttle, waiting } = createThrottle(10);
    const entered = await Promise.all(ids(15).map((id) => throttle.enter(id)));
    expect(entered.filter(Boolean)).toHaveLength(10);
    expect(throttle.holding).toBe(true);
    expect(waiting.sets.rocketmq.size).toBe(10);
  });

  it('takes one that is let in already for the same one', async () => {
    const { throttle } = createThrottle(1);
    expect([await throttle.enter('a'), await throttle.enter('a')]).toEqual([true, true]);
    expect(throttle.holding).toBe(false);
  });

  it('does not hold for what has been claimed meanwhile: the next one finds that there is room', async () => {
    const { throttle, waiting } = createThrottle(10);
    for (const id of ids(10)) await throttle.enter(id);
    for (const id of ids(3)) waiting.gone.add(id);
    expect(await throttle.enter('late')).toBe(false);
    expect(throttle.holding).toBe(false);
    expect(await throttle.enter('late')).toBe(true);
  });

  it('goes on by itself once fewer than 80 % wait', async () => {
    const { throttle, waiting } = createThrottle(10);
    throttle.start();
    await Promise.all(ids(11).map((id) => throttle.enter(id)));
    let free = false;
    throttle.onRelease(() => (free = true));
    for (const id of ids(2)) waiting.gone.add(id);
    await vi.advanceTimersByTimeAsync(2_000);
    expect([throttle.holding, free]).toEqual([true, false]);
    waiting.gone.add('m-2');
    await vi.advanceTimersByTimeAsync(2_000);
    expect([throttle.holding, free]).toEqual([false, true]);
    await throttle.stop();
  });

  it('never holds both sides of one ledger, though each is full of what the other has to bring', async () => {
    const waiting = fakeWaiting();
    const kafka = createThrottle(10, 'kafka', waiting).throttle;
    const rocketmq = createThrottle(10, 'rocketmq', waiting).throttle;
    kafka.start();
    rocketmq.start();
    for (let round = 0; round < 20; round += 1) {
      await Promise.all(ids(5, `k${round}`).map((id) => kafka.enter(id)));
      await Promise.all(ids(5, `r${round}`).map((id) => rocketmq.enter(id)));
      await vi.advanceTimersByTimeAsync(2_000);
      expect(kafka.holding && rocketmq.holding).toBe(false);
    }
    // Both were full long ago, and yet messages were let in that the other waits behind.
    expect(waiting.sets.kafka.size + waiting.sets.rocketmq.size).toBeGreaterThan(40);
    await Promise.all([kafka.stop(), rocketmq.stop()]);
  });

  it('does not end a hold because Redis gives no answer, and counts again when it does', async () => {
    const { throttle, waiting } = createThrottle(2);
    throttle.start();
    await Promise.all(ids(3).map((id) => throttle.enter(id)));
    for (const id of ids(3)) waiting.gone.add(id);
    const verify = vi.spyOn(waiting, 'verify').mockRejectedValue(new Error('Redis is away'));
    await vi.advanceTimersByTimeAsync(3_000);
    expect(throttle.holding).toBe(true);
    verify.mockRestore();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(throttle.holding).toBe(false);
    await throttle.stop();
  });
});

describe('a message that is counted as waiting already', () => {
  it('has room during a hold, as its process may have died before it started what would end the wait', async () => {
    const { throttle, waiting } = createThrottle(2);
    for (const id of ids(2)) await throttle.enter(id);
    expect(await throttle.enter('late')).toBe(false);
    expect(throttle.holding).toBe(true);
    expect(await throttle.enter('m-0')).toBe(true);
    // Nor does another one take the room that a claim leaves before those that were refused are let go on.
    waiting.gone.add('m-1');
    await waiting.verify('rocketmq');
    expect(await throttle.enter('later')).toBe(false);
  });
});
