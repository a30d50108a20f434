import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Ledger } from '../../../src/ledger/ledger.js';
import type { RedisClient } from '../../../src/ledger/redis/connect.js';
import { keys } from '../../../src/ledger/redis/keys.js';
import { createRedisLedger } from '../../../src/ledger/redis/redis-ledger.js';
import { createLedgerMarks } from '../../../src/ledger/redis/stores/marks.js';
import { BACKENDS, type Backend } from '../../support/ledger/ledger-backends.js';
import { beginRequest, holderOf, LIFETIME_MS, MIGRATION, routeRequest } from '../../support/ledger/ledger-messages.js';

type Damage = (redis: RedisClient, key: string) => Promise<unknown>;

const onUnsettled: Readonly<Record<string, Damage>> = {
  'a state that is none': (redis, key) => redis.hset(key, 'state', 'resting'),
  'an owner that is none': (redis, key) => redis.hset(key, 'owner', 'mars'),
  'no time of its last move': (redis, key) => redis.hdel(key, 'movedAt'),
  'a round that is no number': (redis, key) => redis.hset(key, 'round', 'first'),
  'sides that are none': (redis, key) => redis.hset(key, 'seen', '7'),
  'no fingerprint': (redis, key) => redis.hdel(key, 'fingerprint'),
  'no run that holds it': (redis, key) => redis.hdel(key, 'run'),
};
const inPlaceOfIt: Readonly<Record<string, Damage>> = {
  'a text': (redis, key) => redis.set(key, 'junk'),
  'an empty text': (redis, key) => redis.set(key, ''),
  'a long text': (redis, key) => redis.set(key, '2'.padEnd(200, 'x')),
  'a list': (redis, key) => redis.rpush(key, 'junk'),
  'a hash of something else': (redis, key) => redis.hset(key, 'name', 'ann'),
};

describe.each(BACKENDS)('one damaged record, on $name', ({ start }) => {
  let backend: Backend;
  let ledger: Ledger;

  beforeAll(async () => {
    backend = await start();
    ledger = createRedisLedger(backend.client, { migration: MIGRATION, settledLifetimeMs: LIFETIME_MS });
  });
  beforeEach(() => backend.flush());
  afterAll(() => backend.stop());

  /** A claimed message and its record's key, damaged. */
  async function damaged(damage: Damage, mode: 'within' | 'instead') {
    const request = routeRequest();
    const holder = holderOf(request);
    const key = keys.record(MIGRATION, request.messageId);
    await ledger.route([request]);
    await ledger.claim({ ...holder, side: 'kafka' });
    if (mode === 'instead') await backend.client.del(key);
    await damage(backend.client, key);
    return { request, holder };
  }

  const cases = [
    ...Object.entries(onUnsettled).map(([name, damage]) => [name, damage, 'within'] as const),
    ...Object.entries(inPlaceOfIt).map(([name, damage]) => [name, damage, 'instead'] as const),
  ];
  describe.each(cases)('%s', (_name, damage, mode) => {
    test('fails its own route only, and the rest of the batch is routed', async () => {
      const { request } = await damaged(damage, mode);
      const others = [routeRequest(), routeRequest()] as const;
      const [first, itself, last] = await ledger.route([others[0], request, others[1]]);
      expect(first).toMatchObject({ verdict: 'process' });
      expect(itself).toEqual({ verdict: 'unreadable', why: expect.stringContaining(request.messageId) });
      expect(last).toMatchObject({ verdict: 'process' });
    });

    test("is told as unreadable by a look at many, is never taken for claimed, and is no step's business", async () => {
      const { request, holder } = await damaged(damage, mode);
      const other = routeRequest();
      await ledger.route([other]);
      const ids = [other.messageId, request.messageId];
      expect(await ledger.states(ids)).toEqual(['assigned', 'unreadable']);
      expect(await ledger.ownerProgress(ids, 'kafka')).toEqual(['seen', 'unknown']);
      const refusal = { code: 'ledger-rejected', messageId: request.messageId };
      await expect(ledger.begin(beginRequest(holder))).rejects.toMatchObject(refusal);
      await expect(ledger.read(request.messageId)).rejects.toMatchObject(refusal);
    });
  });

  test('does not keep the others from being counted', async () => {
    await damaged((redis, key) => redis.hset(key, 'state', 'resting'), 'within');
    await damaged((redis, key) => redis.hdel(key, 'movedAt'), 'within');
    await damaged((redis, key) => redis.rpush(key, 'junk'), 'instead');
    await ledger.route([routeRequest(), routeRequest()]);
    expect(await ledger.count()).toMatchObject({ assigned: 2, claimed: 0, unreadable: 3 });
  });
});

describe.each(BACKENDS)('a mark that another program wrote over, on $name', ({ start }) => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await start();
  });
  afterAll(() => backend.stop());

  test('counts as lost, is shown as lost, and is made anew by a recovery', async () => {
    const marks = createLedgerMarks(backend.client, MIGRATION);
    await marks.open('e1', null, 0);
    await marks.close('e1', 0);
    await backend.client.set(keys.mark(MIGRATION, 0), 'junk');
    const [beat] = await marks.beat(
      'p',
      Array.from({ length: marks.count }, () => ({ epoch: 'e1' })),
    );
    expect(beat?.mark.epoch).toBeUndefined();
    expect(await marks.view()).toEqual({ phase: 'lost' });
    expect(await marks.open('e2', 5, 0)).toMatchObject({ since: null });
    expect(await marks.close('e2', 0)).toBe(true);
    expect(await marks.view()).toEqual({ phase: 'intact' });
  });

  test('shows no recovery where what tells of it cannot be read', async () => {
    const marks = createLedgerMarks(backend.client, MIGRATION);
    await marks.open('e3', null, 0);
    await marks.close('e3', 0);
    await backend.client.hset(keys.mark(MIGRATION, 0), 'recovery', '{half');
    expect(await marks.view()).toEqual({ phase: 'intact' });
  });
});
