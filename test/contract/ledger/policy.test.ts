import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { initialPolicy, type Policy } from '../../../src/domain/policy/policy.js';
import { versionOf } from '../../../src/domain/policy/policy-change.js';
import { keys } from '../../../src/ledger/redis/keys.js';
import { createAudit } from '../../../src/ledger/redis/stores/audit.js';
import { PolicyCache } from '../../../src/ledger/redis/stores/policy-cache.js';
import { createPolicyStore, type PolicyStore } from '../../../src/ledger/redis/stores/policy-store.js';
import { BACKENDS, type Backend } from '../../support/ledger/ledger-backends.js';
import { MIGRATION } from '../../support/ledger/ledger-messages.js';

const FIRST: Policy = initialPolicy('2026-11-23T10:00:00.000Z');
const SECOND: Policy = { ...FIRST, version: 2, consumption: 'on', hundredths: 29, allow: ['alice'], actor: 'bob' };

describe.each(BACKENDS)('the policy on $name', ({ start }) => {
  let backend: Backend;
  let store: PolicyStore;

  beforeAll(async () => {
    backend = await start();
    store = createPolicyStore(backend.client, MIGRATION);
  });
  beforeEach(() => backend.flush());
  afterAll(() => backend.stop());

  describe('the copy', () => {
    test('is missing until it is published, and then what was published, with the time', async () => {
      expect(await store.read()).toMatchObject({ known: false, reason: 'missing' });
      expect(await store.publish(SECOND)).toEqual({ verdict: 'published' });
      const reading = await store.read();
      expect(reading).toEqual({ known: true, policy: SECOND, readAt: expect.any(Number) });
      expect(Math.abs(reading.readAt - Date.now())).toBeLessThan(60_000);
    });

    test('a repeat is told so; a lower version is refused and told the higher one', async () => {
      await store.publish(SECOND);
      expect(await store.publish(SECOND)).toEqual({ verdict: 'already' });
      expect(await store.publish(FIRST)).toEqual({ verdict: 'older', newer: SECOND });
      expect(await store.read()).toMatchObject({ policy: SECOND });
    });

    const unreadable: readonly (readonly [string, () => Promise<unknown>])[] = [
      ['no JSON', () => write('10')],
      ['JSON of something else', () => write('{"percentage":10}')],
      ['an empty text', () => write('')],
      ['a percentage out of range', () => write(JSON.stringify({ ...FIRST, version: 9, hundredths: 10_001 }))],
      ['a percentage that is a text', () => write(JSON.stringify({ ...FIRST, version: 9, hundredths: '0' }))],
      ['no percentage', () => write(JSON.stringify({ ...FIRST, version: 9, hundredths: undefined }))],
      ['a whitelist that is none', () => write(JSON.stringify({ ...FIRST, version: 9, allow: 'alice' }))],
      ['an unknown switch', () => write(JSON.stringify({ ...FIRST, version: 9, consumption: 'maybe' }))],
      ['another type of key', () => backend.client.hset(keys.policy(MIGRATION), 'version', '9')],
    ];
    const write = (text: string) => backend.client.set(keys.policy(MIGRATION), text);

    test.each(unreadable)('%s is unreadable, never 0 or 100 percent, and is replaced', async (_name, spoil) => {
      await spoil();
      expect(await store.read()).toMatchObject({ known: false, reason: 'unreadable' });
      expect(await store.publish(FIRST)).toEqual({ verdict: 'published' });
      expect(await store.read()).toMatchObject({ known: true, policy: FIRST });
    });

    test('another text of the same version is replaced', async () => {
      await write(JSON.stringify({ ...SECOND, hundredths: 10_000 }));
      expect(await store.publish(SECOND)).toEqual({ verdict: 'published' });
      expect(await store.read()).toMatchObject({ policy: SECOND });
    });

    test('of two that publish at once the higher version stays, in whatever order they come', async () => {
      const versions = Array.from({ length: 20 }, (_, i) => ({ ...SECOND, version: i + 1 }));
      await Promise.all(versions.toReversed().map((policy) => store.publish(policy)));
      expect(await store.read()).toMatchObject({ policy: { version: 20 } });
    });
  });

  describe('the audit stream', () => {
    test('shows each published version once, with what was given for it, and resolutions between them', async () => {
      const audit = createAudit(backend.client, MIGRATION);
      const resolution = { messageId: 'm-1', round: 1, resolution: 'granted', actor: 'bob', reason: 'seen' } as const;
      await store.publish(FIRST);
      await store.publish(FIRST);
      await audit.append(resolution);
      const change = { ...versionOf(SECOND), whitelist: { added: 'alice' } };
      await store.publish(SECOND, change);
      await store.publish(FIRST);
      const at = expect.any(Number);
      const entries = [
        { kind: 'policy', at, entry: versionOf(FIRST) },
        { kind: 'resolution', at, entry: resolution },
        { kind: 'policy', at, entry: change },
      ];
      expect(await audit.list()).toEqual(entries);
      expect(await audit.list(2)).toEqual(entries.slice(1));
    });
  });

  describe('the cache', () => {
    let cache: PolicyCache;
    const errors: unknown[] = [];

    beforeEach(() => {
      errors.length = 0;
      cache = new PolicyCache({ store, onError: (error) => errors.push(error) });
      cache.start();
    });
    afterEach(async () => {
      await cache.stop();
      expect(errors).toEqual([]);
    });

    test('knows nothing until there is a copy, and then decides by it', async () => {
      await vi.waitFor(() => expect(cache.whyUnknown).toBe('missing'));
      const known = cache.whenKnown(new AbortController().signal);
      await store.publish(SECOND);
      const { policy, validUntil, decide } = await known;
      expect(policy).toEqual(SECOND);
      expect(Math.abs(validUntil - cache.redisNow())).toBeLessThanOrEqual(2_000);
      expect(decide({ businessId: 'alice', bucket: 10_000 })).toMatchObject({ owner: 'rocketmq', policyVersion: 2 });
      expect(decide({ businessId: 'carol', bucket: 30 })).toMatchObject({ owner: 'kafka' });
    });

    test('hears of a change, and holds at once when it is shown a lower version or none', async () => {
      await store.publish(SECOND);
      await cache.whenKnown(new AbortController().signal);
      await store.publish({ ...SECOND, version: 3, hundredths: 5_000 });
      await vi.waitFor(() => expect(cache.current()?.policy.version).toBe(3));
      await backend.client.set(keys.policy(MIGRATION), JSON.stringify(SECOND));
      await vi.waitFor(() => expect(cache.whyUnknown).toBe('older'));
      await backend.client.del(keys.policy(MIGRATION));
      await vi.waitFor(() => expect(cache.whyUnknown).toBe('missing'));
      await store.publish({ ...SECOND, version: 3 });
      await vi.waitFor(() => expect(cache.whyUnknown).toBeUndefined());
    });
  });

  test('a change is announced to those who have subscribed, and to nobody after they have left', async () => {
    let heard = 0;
    const unsubscribe = await store.subscribe(() => {
      heard += 1;
    });
    await store.publish(FIRST);
    await vi.waitFor(() => expect(heard).toBe(1));
    await unsubscribe();
    await store.publish(SECOND);
    await vi.waitFor(async () => expect(await store.read()).toMatchObject({ policy: SECOND }));
    expect(heard).toBe(1);
  });
});
