import { randomUUID } from 'node:crypto';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import type { Recovery } from '../../src/domain/ledger/ledger-health.js';
import { bucketOf } from '../../src/domain/message/bucket.js';
import { decide, type Policy } from '../../src/domain/policy/policy.js';
import { SIDES, type Side } from '../../src/domain/side.js';
import { createAudit } from '../../src/ledger/redis/stores/audit.js';
import { createLedgerMarks } from '../../src/ledger/redis/stores/marks.js';
import { createPolicyStore } from '../../src/ledger/redis/stores/policy-store.js';
import { createWaitingMessages } from '../../src/ledger/redis/stores/waiting-messages.js';
import { resolveUpdate } from '../../src/workflows/message/contract.js';
import { type RedisServer, startRedis } from '../support/ledger/redis-server.js';
import { type LiveMigration, startLiveMigration } from '../support/live-migration.js';
import type { WorkerProcess } from '../support/worker-process.js';

const stack = inject('stack');
const patience = { timeout: 60_000, interval: 200 };

/** So long, in ms, that a parked run does not look into the ledger again by itself: what these tests see is the rebuild. */
const attemptTimeout = 300_000;

let folder: string;
let server: RedisServer;
let live: LiveMigration;
let workers: readonly WorkerProcess[];
let policy: Policy;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'handover-loss-'));
  server = await startRedis(['--dir', folder]);
  live = await startLiveMigration({ ...stack, redis: { ...stack.redis, url: server.url } }, { attemptTimeout });
  workers = await Promise.all(SIDES.map((side) => live.startWorker(side)));
  await live.setPolicy('setConsumption', { consumption: 'on' });
  policy = await live.setPolicy('setPercentage', { hundredths: 5_000 });
});
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') for (const worker of workers) console.error(worker.side, told(worker));
  await live?.close();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** What a worker told of itself, without Temporal's own lines. */
function told(worker: WorkerProcess): string {
  const lines = worker.log().split('\n');
  return lines.filter((line) => !line.includes('sdkComponent')).join('\n');
}

async function untilEnded(ids: readonly string[], ends: readonly string[] = ['settled']): Promise<void> {
  await vi.waitFor(
    async () => {
      const states = await live.ledger.states(ids);
      expect(states.filter((state) => !ends.includes(state ?? 'none'))).toEqual([]);
    },
    { timeout: 90_000, interval: 250 },
  );
}

async function settle(count: number): Promise<string[]> {
  const ids = await Promise.all(Array.from({ length: count }, () => live.publish()));
  await untilEnded(ids);
  return ids;
}

async function park(count: number): Promise<string[]> {
  await live.simulator.setFaults({ 'grant-then-hang': 1 });
  const ids = await Promise.all(Array.from({ length: count }, () => live.publish()));
  await untilEnded(ids, ['parked']);
  await live.simulator.setFaults({});
  return ids;
}

async function parkedInLedger(): Promise<string[]> {
  const parked: string[] = [];
  for await (const { messageId, state } of live.ledger.unsettled()) if (state === 'parked') parked.push(messageId);
  return parked.sort();
}

async function restartFrom(snapshot: string): Promise<void> {
  const { port } = server;
  await server.kill();
  await server.stop();
  server = await startRedis(['--dir', folder, '--dbfilename', snapshot], port);
}

async function takeSnapshot(): Promise<string> {
  await live.redis.save();
  await copyFile(join(folder, 'dump.rdb'), join(folder, 'older.rdb'));
  return 'older.rdb';
}

function ownedBy(side: Side): string {
  for (;;) {
    const id = randomUUID();
    if (decide(policy, { bucket: bucketOf(live.migration.name, id) }).owner === side) return id;
  }
}

/** Publishes to both brokers, one message after the other, until it is told to stop; answers what it published. */
function startTraffic(): { stop(): Promise<string[]> } {
  const ids: string[] = [];
  let stopped = false;
  const publishing = (async () => {
    while (!stopped) {
      ids.push(await live.publish());
      await sleep(100);
    }
  })();
  return {
    async stop() {
      stopped = true;
      await publishing;
      return ids;
    },
  };
}

async function readiness({ http }: WorkerProcess): Promise<readonly string[]> {
  const response = await fetch(`http://${http}/readyz`);
  return ((await response.json()) as { reasons: string[] }).reasons;
}

/** Awaits that every process has held for the ledger's sake, and that all are ready again. */
async function untilHeldAndBack(): Promise<void> {
  const held = new Map<Side, string>();
  await vi.waitFor(
    async () => {
      for (const worker of workers) {
        const reason = (await readiness(worker)).find((text) => text.startsWith('ledger:'));
        if (reason !== undefined) held.set(worker.side, reason);
      }
      expect([...held.keys()].sort()).toEqual([...SIDES]);
    },
    { timeout: 20_000, interval: 50 },
  );
  await vi.waitFor(async () => expect((await Promise.all(workers.map(readiness))).flat()).toEqual([]), {
    timeout: 60_000,
    interval: 100,
  });
}

/** What the last recovery did, once it has ended: intake goes on before that. */
async function lastRecovery(): Promise<Recovery | undefined> {
  const marks = createLedgerMarks(live.redis, live.migration.name);
  return vi.waitFor(async () => {
    const view = await marks.view();
    expect(view.phase).toBe('intact');
    return view.recovery;
  }, patience);
}

/** No message has more than one effect, and whatever is settled as granted has one. */
async function expectNothingPaidTwice(ids: readonly string[]): Promise<void> {
  const effects = live.effects();
  const records = await Promise.all(ids.map((id) => live.read(id)));
  for (const [index, id] of ids.entries()) {
    expect([id, effects.get(id) ?? 0]).toEqual([id, records[index]?.state === 'settled' ? 1 : expect.any(Number)]);
    expect(effects.get(id) ?? 0).toBeLessThanOrEqual(1);
  }
}

describe('a ledger that loses records in mid-flow is rebuilt from Temporal, and nothing is paid twice (P1, P2, P4)', () => {
  it('all of them, by FLUSHALL', async () => {
    const settled = await settle(12);
    const parked = await park(3);
    const waiting = ownedBy('rocketmq');
    await live.publish({ messageId: waiting, sides: ['kafka'] });
    await vi.waitFor(async () => {
      const { searchAttributes } = await live.client.workflow.getHandle(waiting).describe();
      expect(searchAttributes['HandoverState']).toEqual(['waiting']);
    }, patience);
    await live.simulator.setFaults({ 503: 1 });
    const retrying = await Promise.all(Array.from({ length: 4 }, () => live.publish()));
    await vi.waitFor(() => expect(retrying.every((id) => live.callsFor(id) > 1)).toBe(true), patience);
    const traffic = startTraffic();
    const wasWaiting = await live.read(waiting);

    await live.redis.flushall();
    await untilHeldAndBack();
    const carried = await traffic.stop();
    expect(await parkedInLedger()).toEqual([...parked].sort());
    await untilEnded(settled);
    const { owner, reason, policyVersion } = wasWaiting ?? {};
    expect(await live.read(waiting)).toMatchObject({ owner, reason, policyVersion });
    expect((await createWaitingMessages(live.redis, live.migration.name).count()).rocketmq).toBeGreaterThan(0);
    const copy = await createPolicyStore(live.redis, live.migration.name).read();
    expect(copy).toMatchObject({ known: true, policy: { version: policy.version, hundredths: 5_000 } });
    expect(await lastRecovery()).toMatchObject({ since: null, restored: { parked: 3 } });
    const audit = await createAudit(live.redis, live.migration.name).list();
    expect(audit.map(({ kind }) => kind)).toContain('recovery');

    await live.simulator.setFaults({});
    // As after a rebalance: what was settled before the loss is delivered once more.
    await Promise.all(settled.map((messageId) => live.publish({ messageId })));
    const later = await settle(5);
    const all = [...settled, ...parked, ...retrying, waiting, ...carried, ...later];
    expect(carried.length).toBeGreaterThan(20);
    await untilEnded(all, ['settled', 'parked']);
    await expectNothingPaidTwice(all);
    const [first = ''] = parked;
    const answer = { round: 1, resolution: 'granted', actor: 'ann', reason: 'it is in their file' } as const;
    await live.client.workflow.getHandle(first).executeUpdate(resolveUpdate, { args: [answer] });
    await untilEnded([first]);
    expect(live.callsFor(first)).toBe(1);
  }, 240_000);

  it('the newest of them, by a restart from an older snapshot', async () => {
    const settledBefore = await settle(6);
    const parkedBefore = await park(1);
    const snapshot = await takeSnapshot();
    const settledAfter = await settle(8);
    const parkedAfter = await park(2);
    const [resolved = ''] = parkedBefore;
    const answer = { round: 1, resolution: 'granted', actor: 'ann', reason: 'it is in their file' } as const;
    await live.client.workflow.getHandle(resolved).executeUpdate(resolveUpdate, { args: [answer] });
    policy = await live.setPolicy('setPercentage', { hundredths: 6_000 });
    const traffic = startTraffic();
    await vi.waitFor(() => expect(live.effects().size).toBeGreaterThan(30), patience);

    await restartFrom(snapshot);
    await untilHeldAndBack();
    const carried = await traffic.stop();
    expect(await parkedInLedger()).toEqual([...parkedAfter].sort());
    await untilEnded([...settledAfter, resolved]);
    const recovery = await lastRecovery();
    expect(recovery?.since).toEqual(expect.any(Number));
    expect(recovery?.restored.parked).toBe(2);
    const copy = await createPolicyStore(live.redis, live.migration.name).read();
    expect(copy).toMatchObject({ known: true, policy: { version: policy.version, hundredths: 6_000 } });

    await Promise.all([...settledBefore, ...settledAfter].map((messageId) => live.publish({ messageId })));
    const all = [...settledBefore, ...settledAfter, ...parkedBefore, ...parkedAfter, ...carried, ...(await settle(5))];
    await untilEnded(all, ['settled', 'parked']);
    await expectNothingPaidTwice(all);
  }, 240_000);

  it('while no worker ran that could have noticed it', async () => {
    const snapshot = await takeSnapshot();
    const settled = await settle(5);
    const parked = await park(2);
    await Promise.all(workers.map((worker) => worker.stop()));
    await restartFrom(snapshot);
    expect(await live.ledger.states([...settled, ...parked])).toEqual(Array.from({ length: 7 }, () => undefined));

    // Each says that it is ready only once the ledger is whole.
    workers = await Promise.all(SIDES.map((side) => live.startWorker(side)));
    expect(await parkedInLedger()).toEqual([...parked].sort());
    await untilEnded(settled);
    await Promise.all(settled.map((messageId) => live.publish({ messageId })));
    const all = [...settled, ...parked, ...(await settle(3))];
    await untilEnded(all, ['settled', 'parked']);
    await expectNothingPaidTwice(all);
  }, 240_000);
});
