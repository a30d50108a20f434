import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Ledger } from '../../../src/ledger/ledger.js';
import { createRedisLedger } from '../../../src/ledger/redis/redis-ledger.js';
import { createWaitingMessages, type WaitingMessages } from '../../../src/ledger/redis/stores/waiting-messages.js';
import { BACKENDS, type Backend } from '../../support/ledger/ledger-backends.js';
import { holderOf, LIFETIME_MS, MIGRATION, routeRequest } from '../../support/ledger/ledger-messages.js';

describe.each(BACKENDS)('the waiting messages, on $name', ({ start }) => {
  let backend: Backend;
  let ledger: Ledger;
  let waiting: WaitingMessages;

  beforeAll(async () => {
    backend = await start();
    ledger = createRedisLedger(backend.client, { migration: MIGRATION, settledLifetimeMs: LIFETIME_MS });
    waiting = createWaitingMessages(backend.client, MIGRATION);
  });
  beforeEach(() => backend.flush());
  afterAll(() => backend.stop());

  /** A message that rocketmq has delivered and kafka owns, entered as waiting. */
  async function enterOne() {
    const request = routeRequest({ side: 'rocketmq' });
    await ledger.route([request]);
    await waiting.enter('kafka', request.messageId, 1_000);
    return { request, holder: holderOf(request) };
  }

  test('are counted once each, up to the room that there is, however many enter at once', async () => {
    const entering = Array.from({ length: 30 }, (_, n) => waiting.enter('kafka', `m-${n % 20}`, 10));
    const entered = (await Promise.all(entering)).filter((answer) => answer.entered);
    expect(entered.length).toBeGreaterThanOrEqual(10);
    expect(await waiting.count()).toEqual({ kafka: 10, rocketmq: 0 });
    expect(await waiting.enter('kafka', 'another', 10)).toEqual({ entered: false, waiting: 10 });
    expect(await waiting.enter('kafka', 'another', 11)).toEqual({ entered: true, waiting: 11 });
    expect(await waiting.enter('kafka', 'another', 0)).toEqual({ entered: true, waiting: 11 });
  });

  test('leave when they are found to have no workflow', async () => {
    const { request } = (await enterOne()) as Awaited<ReturnType<typeof enterOne>>;
    await waiting.leave(request.messageId);
    expect(await waiting.count()).toEqual({ kafka: 0, rocketmq: 0 });
    await waiting.leave('of-which-nobody-knows');
  });

  test('leave when a look finds them claimed, adopted, settled, stranded or lost, and stay as long as they wait', async () => {
    const [waits, claimed, adopted, settled, stranded] = await Promise.all(Array.from({ length: 5 }, enterOne));
    if (!waits || !claimed || !adopted || !settled || !stranded) throw new Error('five were made');
    await waiting.enter('kafka', 'of-which-there-is-no-record', 1_000);
    await ledger.claim({ ...claimed.holder, side: 'kafka' });
    await ledger.adopt({ ...adopted.holder, side: 'rocketmq', reason: 'kafka is past it' });
    await ledger.claim({ ...settled.holder, side: 'kafka' });
    await ledger.settle({ ...settled.holder, owner: 'kafka', round: 1, attempt: 1, outcome: 'granted' });
    await ledger.strand(stranded.request.messageId, stranded.holder.run, 'its workflow was terminated');
    expect(await waiting.count()).toEqual({ kafka: 6, rocketmq: 0 });
    expect(await waiting.verify('kafka')).toBe(1);
    expect(await waiting.verify('rocketmq')).toBe(0);
    expect(await waiting.enter('kafka', waits.request.messageId, 1)).toEqual({ entered: true, waiting: 1 });
  });
});
