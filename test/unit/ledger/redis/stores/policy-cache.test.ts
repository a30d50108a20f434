import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { initialPolicy, type Policy } from '../../../../../src/domain/policy/policy.js';
import { PolicyCache } from '../../../../../src/ledger/redis/stores/policy-cache.js';
import type { PolicyReading } from '../../../../../src/ledger/redis/stores/policy-store.js';

const POLICY: Policy = { ...initialPolicy('2026-11-23T10:00:00.000Z'), version: 5, consumption: 'on', hundredths: 100 };

/** Redis, as the cache sees it: its clock is a day ahead of the local one. */
class FakeStore {
  answer: Policy | 'missing' | 'unreadable' | 'silent' = POLICY;
  reads = 0;
  subscriptions = 0;
  subscribed = true;
  announce: () => void = () => undefined;

  get now(): number {
    return Date.now() + 86_400_000;
  }

  async read(): Promise<PolicyReading> {
    this.reads += 1;
    if (this.answer === 'silent') throw new Error('no answer');
    const readAt = this.now;
    return typeof this.answer === 'string'
      ? { known: false, reason: this.answer, readAt }
      : { known: true, policy: this.answer, readAt };
  }

  async subscribe(onChange: () => void): Promise<() => Promise<void>> {
    this.subscriptions += 1;
    if (!this.subscribed) throw new Error('no answer');
    this.announce = onChange;
    return async () => {
      this.announce = () => undefined;
    };
  }
}

let store: FakeStore;
let cache: PolicyCache;
let errors: number;

beforeEach(() => {
  vi.useFakeTimers();
  store = new FakeStore();
  errors = 0;
  cache = new PolicyCache({
    store,
    onError: () => {
      errors += 1;
    },
  });
});
afterEach(async () => {
  await cache.stop();
  vi.useRealTimers();
});

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

describe('what the cache knows', () => {
  test('is nothing before the first look', () => {
    expect(cache.current()).toBeUndefined();
    expect(cache.whyUnknown).toBe('not read yet');
  });

  test('may be used for 2 s of Redis time from when it was read', async () => {
    const readAt = store.now;
    await cache.refresh();
    expect(cache.current()).toMatchObject({ policy: POLICY, validUntil: readAt + 2_000 });
    await pass(2_000);
    expect(cache.current()).toBeDefined();
    await pass(1);
    expect(cache.current()).toBeUndefined();
    expect(cache.whyUnknown).toBe('expired');
  });

  test('is told to whoever has asked for it after it expired and before anything noticed, on a busy machine', async () => {
    await cache.refresh();
    await pass(2_001);
    const known = cache.whenKnown(new AbortController().signal);
    await cache.refresh();
    expect((await Promise.race([known, pass(10_000).then(() => undefined)]))?.policy).toEqual(POLICY);
  });

  test('is never older than 500 ms while Redis answers', async () => {
    cache.start();
    for (let i = 0; i < 20; i += 1) {
      await pass(100);
      expect((cache.current()?.validUntil ?? 0) - store.now).toBeGreaterThanOrEqual(1_500);
    }
  });

  test('outlives a silence of Redis for as long as it is valid, and comes back by itself', async () => {
    cache.start();
    await pass(0);
    store.answer = 'silent';
    await pass(1_500);
    expect(cache.current()).toBeDefined();
    expect(errors).toBeGreaterThan(0);
    await pass(1_000);
    expect(cache.whyUnknown).toBe('expired');
    store.answer = POLICY;
    await pass(400);
    expect(cache.current()).toBeDefined();
  });

  test.each(['missing', 'unreadable'] as const)('is nothing as soon as the copy is %s', async (answer) => {
    await cache.refresh();
    store.answer = answer;
    await cache.refresh();
    expect(cache.current()).toBeUndefined();
    expect(cache.whyUnknown).toBe(answer);
  });

  test('is nothing when shown a lower version than ever before, also after the copy was missing', async () => {
    await cache.refresh();
    store.answer = 'missing';
    await cache.refresh();
    store.answer = { ...POLICY, version: 4 };
    await cache.refresh();
    expect(cache.current()).toBeUndefined();
    expect(cache.whyUnknown).toBe('older');
    store.answer = { ...POLICY, version: 6 };
    await cache.refresh();
    expect(cache.current()?.policy.version).toBe(6);
  });

  test('is a lower version again once a look that began since then has found the workflow at it', async () => {
    let agreed: { version: number; lookedAt: number } | undefined;
    cache = new PolicyCache({ store, onError: () => undefined, agreed: () => agreed });
    const earlier = performance.now();
    await pass(1);
    store.answer = { ...POLICY, version: 9 };
    await cache.refresh();
    store.answer = POLICY;
    for (const word of [
      undefined,
      { version: 5, lookedAt: earlier },
      { version: 4, lookedAt: performance.now() + 1 },
    ]) {
      agreed = word;
      await cache.refresh();
      expect(cache.whyUnknown).toBe('older');
    }
    await pass(1);
    agreed = { version: 5, lookedAt: performance.now() };
    await cache.refresh();
    expect(cache.current()?.policy).toEqual(POLICY);
    store.answer = { ...POLICY, version: 4 };
    await cache.refresh();
    expect(cache.whyUnknown).toBe('older');
  });

  test('decides by what was read last, whitelist included', async () => {
    store.answer = { ...POLICY, allow: ['alice'] };
    await cache.refresh();
    const before = cache.current();
    expect(before?.decide({ businessId: 'alice', bucket: 9_999 }).owner).toBe('rocketmq');
    store.answer = { ...POLICY, version: 6, allow: [] };
    await cache.refresh();
    expect(cache.current()?.decide({ businessId: 'alice', bucket: 9_999 })).toMatchObject({
      owner: 'kafka',
      policyVersion: 6,
    });
  });

  test('tells Redis time, whatever the wall clock is set to', async () => {
    await cache.refresh();
    const then = store.now;
    expect(cache.redisNow()).toBe(then);
    vi.setSystemTime(0);
    expect(cache.redisNow()).toBe(then);
  });
});

describe('looking', () => {
  test('follows each announced change at once', async () => {
    cache.start();
    await pass(0);
    store.answer = { ...POLICY, version: 6 };
    store.announce();
    await pass(0);
    expect(cache.current()?.policy.version).toBe(6);
  });

  test('anew after a look that was under way when it was asked for, but not once for each who asks', async () => {
    const looks = [cache.refresh(), cache.refresh(), cache.refresh(), cache.refresh()];
    await Promise.all(looks);
    expect(store.reads).toBe(2);
  });

  test('fails for who asked for it', async () => {
    store.answer = 'silent';
    await expect(cache.refresh()).rejects.toThrow('no answer');
  });

  test('subscribes again where that failed', async () => {
    store.subscribed = false;
    cache.start();
    await pass(1_000);
    store.subscribed = true;
    await pass(1_000);
    const { subscriptions } = store;
    await pass(5_000);
    expect(store.subscriptions).toBe(subscriptions);
    store.answer = { ...POLICY, version: 6 };
    store.announce();
    await pass(0);
    expect(cache.current()?.policy.version).toBe(6);
  });

  test('ends when it is stopped', async () => {
    cache.start();
    await pass(1_000);
    await cache.stop();
    const { reads } = store;
    await pass(10_000);
    store.announce();
    expect(store.reads).toBe(reads);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('waiting for the policy', () => {
  test('ends at once where it is known', async () => {
    await cache.refresh();
    expect(await cache.whenKnown(new AbortController().signal)).toBe(cache.current());
  });

  test('ends when it becomes known', async () => {
    store.answer = 'missing';
    cache.start();
    let known: number | undefined;
    const waiting = cache.whenKnown(new AbortController().signal).then(({ policy }) => {
      known = policy.version;
    });
    await pass(3_000);
    expect(known).toBeUndefined();
    store.answer = POLICY;
    await pass(400);
    await waiting;
    expect(known).toBe(5);
  });

  test('ends with the reason when the signal is aborted, then or before', async () => {
    const stopping = new AbortController();
    const waiting = cache.whenKnown(stopping.signal);
    stopping.abort(new Error('stopping'));
    await expect(waiting).rejects.toThrow('stopping');
    await expect(cache.whenKnown(stopping.signal)).rejects.toThrow('stopping');
  });
});

describe('the listeners', () => {
  test('hear of each version and of each time it becomes known or unknown, and of nothing else', async () => {
    const heard: string[] = [];
    cache.onChange(() => heard.push(String(cache.current()?.policy.version ?? cache.whyUnknown)));
    cache.start();
    await pass(1_000);
    store.answer = { ...POLICY, version: 6 };
    await pass(1_000);
    store.answer = 'missing';
    await pass(1_000);
    store.answer = { ...POLICY, version: 6 };
    await pass(1_000);
    store.answer = 'silent';
    await pass(5_000);
    expect(heard).toEqual(['5', '6', 'missing', '6', 'expired']);
  });

  test('hear nothing any more once they have left', async () => {
    let heard = 0;
    const leave = cache.onChange(() => {
      heard += 1;
    });
    leave();
    await cache.refresh();
    expect(heard).toBe(0);
  });
});
