import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ProcessReport } from '../../../src/domain/flow/process-report.js';
import { keys } from '../../../src/ledger/redis/keys.js';
import { createDeadLetterIndex, type DeadLetterEntry } from '../../../src/ledger/redis/stores/dead-letter-index.js';
import { createProcessReports } from '../../../src/ledger/redis/stores/process-reports.js';
import { createSideStatus, SIGN_LIFETIME_MS } from '../../../src/ledger/redis/stores/side-status.js';
import { BACKENDS, type Backend } from '../../support/ledger/ledger-backends.js';
import { MIGRATION } from '../../support/ledger/ledger-messages.js';

describe.each(BACKENDS)('what the sides let each other and people know, on $name', ({ start }) => {
  let backend: Backend;

  beforeAll(async () => {
    backend = await start();
  });
  beforeEach(() => backend.flush());
  afterAll(() => backend.stop());

  describe('signs of life', () => {
    test('a side lives while any of its processes shows it, and for a few seconds more', async () => {
      const sideStatus = createSideStatus(backend.client, MIGRATION);
      expect(await sideStatus.isAlive('kafka')).toBe(false);
      await sideStatus.alive('kafka', 'process-1');
      await sideStatus.alive('kafka', 'process-2');
      expect(await sideStatus.isAlive('kafka')).toBe(true);
      expect(await sideStatus.isAlive('rocketmq')).toBe(false);
      const lifetime = await backend.client.pttl(keys.alive(MIGRATION, 'kafka'));
      expect(lifetime).toBeGreaterThan(0);
      expect(lifetime).toBeLessThanOrEqual(SIGN_LIFETIME_MS);
    });

    test('how far a side is never goes back, and is unknown until it is reported', async () => {
      const sideStatus = createSideStatus(backend.client, MIGRATION);
      expect(await sideStatus.consumedUpTo('kafka')).toBeUndefined();
      await Promise.all(
        [1_795_412_255_904, 1_795_412_255_999, 3].map((at) => sideStatus.reportConsumedUpTo('kafka', at)),
      );
      expect(await sideStatus.consumedUpTo('kafka')).toBe(1_795_412_255_999);
      expect(await sideStatus.consumedUpTo('rocketmq')).toBeUndefined();
    });
  });

  test('positions that were deleted before they were read are counted for each side', async () => {
    const sideStatus = createSideStatus(backend.client, MIGRATION);
    expect(await sideStatus.skipped('kafka')).toBe(0);
    await Promise.all([15, 7].map((positions) => sideStatus.reportSkipped('kafka', positions)));
    expect(await sideStatus.skipped('kafka')).toBe(22);
    expect(await sideStatus.skipped('rocketmq')).toBe(0);
  });

  describe('what the processes of a side hold', () => {
    const at = 1_795_412_255_904;

    test('is told to the others of that side, and whether it was known before', async () => {
      const sideStatus = createSideStatus(backend.client, MIGRATION);
      expect(await sideStatus.exchangeHoldings('rocketmq', 'p-1', { at, since: 5 })).toEqual({
        known: false,
        others: [],
      });
      expect(await sideStatus.exchangeHoldings('rocketmq', 'p-1', { at: at + 1 })).toEqual({ known: true, others: [] });
      const told = await sideStatus.exchangeHoldings('rocketmq', 'p-2', { at: at + 2, gaveBackAt: 7 });
      expect(told).toEqual({ known: false, others: [{ at: at + 1 }] });
      expect(await sideStatus.exchangeHoldings('kafka', 'p-3', { at })).toEqual({ known: false, others: [] });
      await backend.flush();
      expect(await sideStatus.exchangeHoldings('rocketmq', 'p-1', { at: at + 3 })).toEqual({
        known: false,
        others: [],
      });
    });

    test('of a process that has long gone is removed, and so is what cannot be read, which counts as anything once', async () => {
      const sideStatus = createSideStatus(backend.client, MIGRATION);
      await sideStatus.exchangeHoldings('rocketmq', 'gone', { at });
      const now = at + 600_001;
      const junk = { junk: '{', odd: '{"at":"soon"}', nothing: '1' };
      await backend.client.hset(keys.holdings(MIGRATION, 'rocketmq'), junk);
      const { others } = await sideStatus.exchangeHoldings('rocketmq', 'p-1', { at: now });
      expect(others).toHaveLength(4);
      expect(others).toContainEqual({ at });
      expect(others.filter((other) => other.at === now && other.since === 0)).toHaveLength(3);
      expect((await sideStatus.exchangeHoldings('rocketmq', 'p-1', { at: now })).others).toEqual([]);
    });

    test('is understood where a later build says more', async () => {
      const sideStatus = createSideStatus(backend.client, MIGRATION);
      const later = JSON.stringify({ at, since: 3, more: {} });
      await backend.client.hset(keys.holdings(MIGRATION, 'rocketmq'), 'later', later);
      const { others } = await sideStatus.exchangeHoldings('rocketmq', 'p-1', { at });
      expect(others).toMatchObject([{ at, since: 3 }]);
    });
  });

  describe('what each process tells people of itself', () => {
    const report: ProcessReport = {
      consumes: true,
      http: '127.0.0.1:9464',
      reasons: [{ what: 'temporal: away', forMs: 5 }],
      holds: [],
      unchecked: [],
      inHand: { stages: [{ stage: 'due', count: 2, forMs: 7 }], quietMs: 9 },
    };
    const key = keys.processes(MIGRATION, 'kafka');

    test('is read as it was told last, with its age by the clock of Redis, until the process leaves', async () => {
      const reports = createProcessReports(backend.client, MIGRATION);
      expect(await reports.read('kafka')).toEqual([]);
      await reports.tell('kafka', 'p-1', { ...report, reasons: [] });
      await reports.tell('kafka', 'p-1', report);
      await reports.tell('rocketmq', 'p-2', report);
      const [told, ...others] = await reports.read('kafka');
      expect(others).toEqual([]);
      expect(told).toMatchObject({ processId: 'p-1', report });
      expect(told?.ageMs).toBeGreaterThanOrEqual(0);
      expect(await backend.client.pttl(key)).toBeGreaterThan(0);
      await reports.leave('kafka', 'p-1');
      expect(await reports.read('kafka')).toEqual([]);
    });

    test('stays for an hour after a process that was killed, and longer where nobody of its side is left', async () => {
      const reports = createProcessReports(backend.client, MIGRATION);
      await reports.tell('kafka', 'p-1', report);
      const [now] = (await reports.read('kafka')).map(({ at }) => at);
      const at = (agoMs: number) => `${(now ?? 0) - agoMs} ${JSON.stringify(report)}`;
      await backend.client.hset(key, { lately: at(3_000_000), long: at(4_000_000), junk: 'x' });
      expect(await reports.read('kafka')).toHaveLength(4);
      await reports.tell('kafka', 'p-1', report);
      expect((await reports.read('kafka')).map(({ processId }) => processId)).toEqual(['p-1', 'lately']);
      await backend.client.hset(key, { 'p-1': at(4_000_000) });
      expect(await reports.read('kafka')).toHaveLength(2);
    });

    test('is shown as unreadable where it cannot be read', async () => {
      const reports = createProcessReports(backend.client, MIGRATION);
      await reports.tell('kafka', 'p-1', report);
      const [now] = (await reports.read('kafka')).map((found) => found.at);
      await backend.client.hset(key, { later: `${now} [1]` });
      const found = (await reports.read('kafka')).find(({ processId }) => processId === 'later');
      expect(found).toMatchObject({ at: now, report: undefined });
    });
  });

  describe('the index of dead letters', () => {
    const letter = (source: string, given: Partial<DeadLetterEntry> = {}): DeadLetterEntry => ({
      side: 'kafka',
      reason: 'undecodable',
      source,
      time: 1_795_412_255_904,
      messageId: 'm-1',
      ...given,
    });

    test('lists the newest last, with all that is known', async () => {
      const index = createDeadLetterIndex(backend.client, MIGRATION);
      const { messageId: _, ...nameless } = letter('rewards/0/8', { reason: 'missing-id' });
      await index.add(letter('rewards/0/7'));
      await index.add(nameless);
      expect(await index.list()).toEqual([letter('rewards/0/7'), nameless]);
      expect(await index.list(1)).toEqual([nameless]);
    });

    test('counts a delivery that comes again once, and a message on both sides once for each', async () => {
      const index = createDeadLetterIndex(backend.client, MIGRATION);
      expect(await index.count()).toEqual({ kafka: 0, rocketmq: 0 });
      await Promise.all([1, 2, 3].map(() => index.add(letter('rewards/0/7'))));
      await index.add(letter('rewards/0/8'));
      await index.add(letter('rewards/0/7', { side: 'rocketmq' }));
      expect(await index.count()).toEqual({ kafka: 2, rocketmq: 1 });
      expect(await index.list()).toHaveLength(3);
    });
  });
});
