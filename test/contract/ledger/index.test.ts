import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Ledger } from '../../../src/ledger/ledger.js';
import { createAgeIndex } from '../../../src/ledger/redis/age-index.js';
import { keys } from '../../../src/ledger/redis/keys.js';
import { createRedisLedger } from '../../../src/ledger/redis/redis-ledger.js';
import { BACKENDS, type Backend } from '../../support/ledger/ledger-backends.js';
import {
  beginRequest,
  EVIDENCE,
  holderOf,
  LIFETIME_MS,
  MIGRATION,
  routeRequest,
} from '../../support/ledger/ledger-messages.js';

const BATCH = 100;

describe.each(BACKENDS)('what the ledger knows of all messages, on $name', ({ start }) => {
  let backend: Backend;
  let ledger: Ledger;

  beforeAll(async () => {
    backend = await start();
    ledger = createRedisLedger(backend.client, { migration: MIGRATION, settledLifetimeMs: LIFETIME_MS });
  });
  beforeEach(() => backend.flush());
  afterAll(() => backend.stop());

  async function routed(count: number): Promise<string[]> {
    const requests = Array.from({ length: count }, () => routeRequest());
    // In batches as of intake: a pipeline of thousands may take longer than a command may, on a busy machine.
    for (let from = 0; from < count; from += BATCH) await ledger.route(requests.slice(from, from + BATCH));
    return requests.map(({ messageId }) => messageId);
  }

  async function settled(): Promise<string> {
    const request = routeRequest();
    const settle = { ...holderOf(request), owner: 'kafka', round: 1, attempt: 1, outcome: 'granted' } as const;
    await ledger.settle({ ...settle, restore: true });
    return request.messageId;
  }

  async function unsettled(options?: Parameters<Ledger['unsettled']>[0]): Promise<string[]> {
    const found: string[] = [];
    for await (const { messageId } of ledger.unsettled(options)) found.push(messageId);
    return found;
  }

  /** Waits until Redis time has moved on, on every node, however little their clocks differ. */
  async function passTime(): Promise<void> {
    const then = (await ledger.now()) + 3;
    await vi.waitFor(async () => expect(await ledger.now()).toBeGreaterThan(then), { interval: 1 });
  }

  /** Enters messages at times of their own, so that their order is known. */
  async function indexInOrder(messageIds: readonly string[]): Promise<void> {
    for (const messageId of messageIds) {
      await ledger.index([messageId]);
      await passTime();
    }
  }

  describe('the age index', () => {
    test('lists the longest in it first, across all shards', async () => {
      const messageIds = await routed(40);
      await indexInOrder(messageIds);
      expect(await unsettled()).toEqual(messageIds);
      expect(await unsettled({ limit: 7 })).toEqual(messageIds.slice(0, 7));
    });

    test('lists thousands that were entered together, each once', async () => {
      const messageIds = await routed(3_000);
      await ledger.index(messageIds);
      const found = await unsettled();
      expect(found).toHaveLength(3_000);
      expect(new Set(found)).toEqual(new Set(messageIds));
    });

    test('lists everything else although what is listed leaves it or is renewed meanwhile', async () => {
      const messageIds = await routed(1_000);
      await ledger.index(messageIds);
      await passTime();
      const found: string[] = [];
      for await (const { messageId } of ledger.unsettled()) {
        found.push(messageId);
        await (found.length % 2 === 0 ? ledger.unindex(messageId) : ledger.looked(messageId));
      }
      expect(found).toHaveLength(1_000);
      expect(new Set(found)).toEqual(new Set(messageIds));
    });

    test('entering again does not make a message younger; being looked at does', async () => {
      const messageIds = await routed(3);
      await indexInOrder(messageIds);
      const [first = '', ...others] = messageIds;
      await ledger.index([first]);
      expect(await unsettled()).toEqual(messageIds);
      await ledger.looked(first);
      expect(await unsettled()).toEqual([...others, first]);
    });

    test('looking at a message that has left it does not bring it back', async () => {
      const [messageId = ''] = await routed(1);
      await ledger.index([messageId]);
      await ledger.unindex(messageId);
      await ledger.looked(messageId);
      expect(await unsettled()).toEqual([]);
    });

    test('those that are younger than asked for are left out', async () => {
      const [old = '', young = ''] = await routed(2);
      await indexInOrder([old]);
      const beforeMs = await ledger.now();
      await ledger.index([young]);
      expect(await unsettled({ beforeMs })).toEqual([old]);
    });

    test('what is settled is left out, and dropped for good', async () => {
      const messageId = await settled();
      await ledger.index([messageId]);
      expect(await unsettled()).toEqual([]);
      const left: unknown[] = [];
      for await (const entry of createAgeIndex(backend.client, MIGRATION).oldest(Number.MAX_SAFE_INTEGER))
        left.push(entry);
      expect(left).toEqual([]);
    });

    test('what has no record any more is shown as lost, and stays until it is taken out', async () => {
      const [messageId = ''] = await routed(1);
      await ledger.index([messageId]);
      await backend.client.del(keys.record(MIGRATION, messageId));
      for (let look = 0; look < 2; look += 1) {
        const found: unknown[] = [];
        for await (const record of ledger.unsettled()) found.push(record);
        expect(found).toEqual([{ messageId, state: 'none' }]);
      }
    });
  });

  describe('a record that cannot be read', () => {
    test.each<[string, (key: string) => Promise<unknown>]>([
      ['of another type', (key) => backend.client.lpush(key, 'x')],
      ['of another program', (key) => backend.client.hset(key, 'a', 'b')],
      ['of another layout', (key) => backend.client.set(key, '9')],
    ])('%s, is told as such, and hides none of the others', async (_name, write) => {
      const [first = '', foreign = '', last = ''] = await routed(3);
      const key = keys.record(MIGRATION, foreign);
      await backend.client.del(key);
      await write(key);
      await ledger.index([first]);
      await ledger.index([foreign]);
      await ledger.index([last]);
      const found: Record<string, string> = {};
      for await (const record of ledger.unsettled()) found[record.messageId] = record.state;
      expect(found).toEqual({ [first]: 'assigned', [foreign]: 'unreadable', [last]: 'assigned' });
    });
  });

  describe('the count', () => {
    test('tells how many records are in each state and how many are stranded', async () => {
      const routedIds = await routed(300);
      const holders = routedIds.slice(0, 200).map((messageId) => holderOf(routeRequest({ messageId })));
      for (const holder of holders) await ledger.claim({ ...holder, side: 'kafka' });
      for (const holder of holders.slice(0, 100)) await ledger.begin(beginRequest(holder));
      for (const holder of holders.slice(0, 50)) {
        await ledger.park({ ...holder, owner: 'kafka', round: 1, attempt: 1, evidence: EVIDENCE });
      }
      for (let i = 0; i < 1_500; i += 1) await settled();
      const [first] = holders;
      await ledger.strand(first?.messageId ?? '', first?.run ?? '', 'terminated');
      expect(await ledger.count()).toEqual({
        assigned: 100,
        claimed: 100,
        sending: 50,
        parked: 50,
        settled: 1_500,
        stranded: 1,
        unreadable: 0,
      });
    });

    test('counts no other migration, and no key that is not a record', async () => {
      const other = createRedisLedger(backend.client, { migration: 'rewards-2', settledLifetimeMs: LIFETIME_MS });
      await other.route([routeRequest(), routeRequest()]);
      await ledger.index(await routed(1));
      expect((await ledger.count()).assigned).toBe(1);
      expect((await other.count()).assigned).toBe(2);
    });

    test('a message may have any ID that is one, also that of the index', async () => {
      const ids = ['unsettled:0', 'policy', 'a/b+c=d@e#f~g', `x${'y'.repeat(199)}`];
      await ledger.route(ids.map((messageId) => routeRequest({ messageId })));
      await ledger.index(ids);
      expect((await ledger.count()).assigned).toBe(4);
      expect(new Set(await unsettled())).toEqual(new Set(ids));
    });
  });

  test('states are told in the order asked', async () => {
    const [assigned = ''] = await routed(1);
    expect(await ledger.states([randomUUID(), assigned, await settled()])).toEqual([undefined, 'assigned', 'settled']);
  });
});
