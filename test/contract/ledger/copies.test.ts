import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Ledger } from '../../../src/ledger/ledger.js';
import { keys } from '../../../src/ledger/redis/keys.js';
import { createRedisLedger } from '../../../src/ledger/redis/redis-ledger.js';
import { BACKENDS, type Backend } from '../../support/ledger/ledger-backends.js';
import { holderOf, LIFETIME_MS, MIGRATION, routeRequest } from '../../support/ledger/ledger-messages.js';

describe.each(BACKENDS)('where the copies of a message lie, on $name', ({ start }) => {
  let backend: Backend;
  let ledger: Ledger;

  beforeAll(async () => {
    backend = await start();
    ledger = createRedisLedger(backend.client, { migration: MIGRATION, settledLifetimeMs: LIFETIME_MS });
  });
  beforeEach(() => backend.flush());
  afterAll(() => backend.stop());

  const copies = async (messageId: string) => (await ledger.read(messageId))?.copies;

  test('each side keeps the place of its latest copy, until the message is settled (P2)', async () => {
    const request = routeRequest({ coordinates: 'kafka:t/0/5' });
    const { messageId } = request;
    await ledger.route([request]);
    expect(await copies(messageId)).toEqual({ kafka: 'kafka:t/0/5' });
    await ledger.route([{ ...request, side: 'rocketmq', coordinates: 'rocketmq:t/b/1/7' }]);
    await ledger.route([{ ...request, coordinates: 'kafka:t/3/9' }]);
    const both = { kafka: 'kafka:t/3/9', rocketmq: 'rocketmq:t/b/1/7' };
    expect(await copies(messageId)).toEqual(both);

    const holder = holderOf(request);
    await ledger.claim({ ...holder, side: 'kafka' });
    await ledger.route([{ ...request, coordinates: 'kafka:t/4/1' }]);
    expect(await copies(messageId)).toEqual(both);
    await ledger.settle({ ...holder, owner: 'kafka', round: 1, attempt: 1, outcome: 'granted' });
    expect(await copies(messageId)).toBeUndefined();
  });

  test('a copy of before the start that is left to kafka is kept as such', async () => {
    const request = routeRequest({ coordinates: 'kafka:t/0/5' });
    await ledger.route([request]);
    await ledger.route([{ ...request, side: 'rocketmq', coordinates: 'rocketmq:t/b/1/7', beforeStart: true }]);
    expect(await copies(request.messageId)).toEqual({ kafka: 'kafka:t/0/5', rocketmq: 'left' });
  });

  test('a place that no broker can have made is unknown, and keeps what is known', async () => {
    const request = routeRequest({ coordinates: 'kafka:t/0/5' });
    await ledger.route([request]);
    await ledger.route([{ ...request, coordinates: `kafka:${'t'.repeat(5_000)}/0/6` }]);
    expect(await copies(request.messageId)).toEqual({ kafka: 'kafka:t/0/5' });
  });

  test('what was shown as lost is so no longer once it is delivered again', async () => {
    const request = routeRequest({ coordinates: 'kafka:t/0/5' });
    await ledger.route([request]);
    await ledger.strand(request.messageId, '', 'lost: the broker has it no more');
    expect(await ledger.read(request.messageId)).toMatchObject({ stranded: 'lost: the broker has it no more' });
    await ledger.route([{ ...request, coordinates: 'kafka:t/0/6' }]);
    expect(await ledger.read(request.messageId)).not.toHaveProperty('stranded');
  });

  test('a record of an older build has none, until the next delivery tells', async () => {
    const request = routeRequest({ coordinates: 'kafka:t/0/5' });
    await ledger.route([request]);
    await backend.client.hdel(keys.record(MIGRATION, request.messageId), 'kafkaAt');
    expect(await ledger.read(request.messageId)).toMatchObject({ state: 'assigned', seen: { kafka: true } });
    expect(await copies(request.messageId)).toBeUndefined();
    expect(await ledger.route([request])).toMatchObject([{ verdict: 'process' }]);
    expect(await copies(request.messageId)).toEqual({ kafka: 'kafka:t/0/5' });
  });
});
