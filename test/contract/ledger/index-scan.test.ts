import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Ledger } from '../../../src/ledger/ledger.js';
import { type AgeIndex, createAgeIndex } from '../../../src/ledger/redis/age-index.js';
import { scanIntoIndex } from '../../../src/ledger/redis/index-scan.js';
import { keys } from '../../../src/ledger/redis/keys.js';
import { createRedisLedger } from '../../../src/ledger/redis/redis-ledger.js';
import { BACKENDS, type Backend } from '../../support/ledger/ledger-backends.js';
import { holderOf, LIFETIME_MS, MIGRATION, routeRequest } from '../../support/ledger/ledger-messages.js';

const BATCH = 100;

describe.each(BACKENDS)('records that no index has, on $name', ({ start }) => {
  let backend: Backend;
  let ledger: Ledger;
  let index: AgeIndex;

  beforeAll(async () => {
    backend = await start();
    ledger = createRedisLedger(backend.client, { migration: MIGRATION, settledLifetimeMs: LIFETIME_MS });
    index = createAgeIndex(backend.client, MIGRATION);
  });
  beforeEach(() => backend.flush());
  afterAll(() => backend.stop());

  /** Records as an older build leaves them that has not come to start their workflows. */
  async function routed(count: number): Promise<string[]> {
    const requests = Array.from({ length: count }, () => routeRequest());
    for (let from = 0; from < count; from += BATCH) await ledger.route(requests.slice(from, from + BATCH));
    return requests.map(({ messageId }) => messageId);
  }

  async function indexed(): Promise<Set<string>> {
    const found = new Set<string>();
    for await (const { messageId } of index.oldest(Number.MAX_SAFE_INTEGER)) found.add(messageId);
    return found;
  }

  const scan = (processId = 'p-1', signal = new AbortController().signal, enter = index.enter) =>
    scanIntoIndex({ client: backend.client, migration: MIGRATION, index: { enter }, processId, signal, pauseMs: 0 });

  test('are all entered, thousands of them, and nothing that is settled is (P2)', async () => {
    const ids = await routed(5_000);
    const settled = routeRequest();
    const settle = { ...holderOf(settled), owner: 'kafka', round: 1, attempt: 1, outcome: 'granted' } as const;
    await ledger.settle({ ...settle, restore: true });
    expect(await indexed()).toEqual(new Set());
    await scan();
    expect(await indexed()).toEqual(new Set(ids));
  });

  test('one that is in it keeps its age', async () => {
    const [first] = await routed(1);
    await ledger.index([first as string]);
    const before: number[] = [];
    for await (const { at } of index.oldest(Number.MAX_SAFE_INTEGER)) before.push(at);
    await scan();
    const after: number[] = [];
    for await (const { at } of index.oldest(Number.MAX_SAFE_INTEGER)) after.push(at);
    expect(after).toEqual(before);
  });

  test('of many processes that start together one scans', async () => {
    const ids = await routed(50);
    const scanned = await Promise.all(['p-1', 'p-2', 'p-3'].map((id) => scan(id)));
    expect(scanned.sort((a, b) => a - b)).toEqual([0, 0, 50]);
    expect(await indexed()).toEqual(new Set(ids));
  });

  test('a process that starts later scans again, as an older build may have gone on until then', async () => {
    await routed(1);
    await scan();
    const [late] = await routed(1);
    expect(await scan('p-2')).toBe(2);
    expect(await indexed()).toContain(late);
  });

  test('where the one that scans dies, another goes on where that has ended', async () => {
    await routed(5_000);
    let dead: string | undefined;
    // Whichever of the two scans dies half way; the other was there before that began, and so takes over the same scan.
    const process = (processId: string): Promise<number> => {
      const dying = new AbortController();
      let entered = 0;
      return scan(processId, dying.signal, async (ids) => {
        await index.enter(ids);
        entered += ids.length;
        if (entered < 2_500 || dead !== undefined) return;
        dead = processId;
        dying.abort(new Error('it dies'));
      });
    };
    const ends = Promise.allSettled([process('p-1'), process('p-2')]);
    await expect.poll(() => dead).toBeDefined();
    // Its lease runs out.
    await expect
      .poll(() =>
        backend.client
          .del(keys.indexScanner(MIGRATION))
          .then(indexed)
          .then(({ size }) => size),
      )
      .toBe(5_000);
    const scanned = (await ends).flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []));
    expect(scanned).toEqual([expect.toSatisfy((rest: number) => rest > 0 && rest < 5_000)]);
    expect((await indexed()).size).toBe(5_000);
  });
});
