import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowNotFoundError } from '@temporalio/common';
import { afterEach, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import { type LiveMigration, startLiveMigration } from '../support/live-migration.js';
import { readMetric } from '../support/metric.js';
import type { WorkerProcess } from '../support/worker-process.js';

const stack = inject('stack');
const patience = { timeout: 90_000, interval: 250 };
const LIMIT = 20;

let live: LiveMigration;
let kafka: WorkerProcess;

beforeEach(async () => {
  live = await startLiveMigration(stack, {
    limits: { waiting: LIMIT },
    adoption: { margin: 1_000, firstLook: 1_000, longestLook: 2_000 },
  });
  kafka = await live.startWorker('kafka');
  await live.setPolicy('setConsumption', { consumption: 'on' });
  await live.setPolicy('setPercentage', { hundredths: 10_000 });
});
afterEach(() => live?.close());

/** How many of these have a workflow, asked of Temporal itself, one by one. */
async function countWorkflows(ids: readonly string[]): Promise<number> {
  const found = await Promise.all(
    ids.map(async (id) => {
      try {
        await live.client.workflow.getHandle(id).describe();
        return true;
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return false;
        throw error;
      }
    }),
  );
  return found.filter(Boolean).length;
}

/** Publishes 60 messages that rocketmq owns and nobody of its side is there for, until kafka holds. */
async function untilHeld(): Promise<readonly string[]> {
  const ids = await Promise.all(Array.from({ length: 60 }, () => live.publish()));
  await vi.waitFor(async () => expect(await readMetric(kafka, 'handover_throttled')).toBe(1), patience);
  return ids;
}

async function expectAllRewardedOnce(ids: readonly string[]): Promise<void> {
  await vi.waitFor(async () => {
    const states = await live.ledger.states(ids);
    expect(states.filter((state) => state === 'settled')).toHaveLength(ids.length);
  }, patience);
  expect(ids.map((id) => live.effects().get(id))).toEqual(ids.map(() => 1));
  await vi.waitFor(async () => {
    expect(await readMetric(kafka, 'handover_throttled')).toBe(0);
    expect(await readMetric(kafka, 'handover_waiting')).toBe(0);
  }, patience);
}

describe('a side that is far ahead of the other, on the real services', () => {
  it('leaves with the broker what would wait beyond the limit, stays ready, and goes on when the other comes back (P2)', async () => {
    const ids = await untilHeld();
    // However long it lasts: there is no condition to await for what is not to happen.
    await sleep(3_000);
    expect(await countWorkflows(ids)).toBe(LIMIT);
    expect(await readMetric(kafka, 'handover_waiting', { owner: 'rocketmq' })).toBe(LIMIT);
    expect((await fetch(`http://${kafka.http}/readyz`)).status).toBe(200);
    await live.startWorker('rocketmq');
    await expectAllRewardedOnce(ids);
  });

  it('is freed by failover while the other stays away', async () => {
    const ids = await untilHeld();
    await live.setPolicy('setFailover', { failover: 'kafka' });
    await expectAllRewardedOnce(ids);
    expect(await live.read(ids[0] as string)).toMatchObject({ owner: 'kafka', reason: 'adopted: failover to kafka' });
  });

  it('is freed by the switch while the other stays away', async () => {
    const ids = await untilHeld();
    await live.setPolicy('setConsumption', { consumption: 'off' });
    await expectAllRewardedOnce(ids);
  });

  it('is freed though its own process was killed while it held', async () => {
    const ids = await untilHeld();
    await kafka.kill();
    [kafka] = await Promise.all([live.startWorker('kafka'), live.startWorker('rocketmq')]);
    await expectAllRewardedOnce(ids);
  });
});
