import { afterEach, describe, expect, inject, it, vi } from 'vitest';
import type { MigrationOptions } from '../../src/config/define-migration.js';
import type { Side } from '../../src/domain/side.js';
import { type LiveMigration, startLiveMigration } from '../support/live-migration.js';
import { readMetric } from '../support/metric.js';
import type { WorkerProcess } from '../support/worker-process.js';

const stack = inject('stack');
const patience = { timeout: 600_000, interval: 1_000 };
const adoption = { margin: 1_000, firstLook: 1_000, longestLook: 2_000 };

let live: LiveMigration;
afterEach(() => live?.close());

async function startBoth(limits: MigrationOptions['limits'], hundredths: number): Promise<Record<Side, WorkerProcess>> {
  live = await startLiveMigration(stack, { adoption, ...(limits !== undefined && { limits }) });
  const [kafka, rocketmq] = await Promise.all([live.startWorker('kafka'), live.startWorker('rocketmq')]);
  await live.setPolicy('setConsumption', { consumption: 'on' });
  await live.setPolicy('setPercentage', { hundredths });
  return { kafka, rocketmq };
}

async function publish(count: number, sides?: readonly Side[]): Promise<readonly string[]> {
  const ids: string[] = [];
  while (ids.length < count) {
    const batch = Array.from({ length: Math.min(100, count - ids.length) }, () =>
      live.publish(sides === undefined ? {} : { sides }),
    );
    ids.push(...(await Promise.all(batch)));
  }
  return ids;
}

async function expectAllRewardedOnce(ids: readonly string[]): Promise<void> {
  await vi.waitFor(async () => {
    const states = await live.ledger.states(ids);
    expect(states.filter((state) => state === 'settled')).toHaveLength(ids.length);
  }, patience);
  const effects = live.effects();
  expect(ids.filter((id) => effects.get(id) !== 1)).toEqual([]);
}

/** Nothing is left in either worker, and neither has said that it stood still. */
async function expectNothingLeft(workers: Record<Side, WorkerProcess>): Promise<void> {
  for (const worker of Object.values(workers)) {
    await vi.waitFor(async () => expect(await readMetric(worker, 'handover_intake_deliveries')).toBe(0), patience);
    expect((await fetch(`http://${worker.http}/readyz`)).status).toBe(200);
    expect(worker.log()).not.toContain('intake-stalled');
  }
}

describe('a burst of double writes of which one half failed, on the real services', () => {
  it.each<readonly [Side, number]>([
    ['kafka', 10_000],
    ['rocketmq', 0],
  ])(
    "is ten times each bound on %s alone, all of it the other side's: all is rewarded, and what follows as well (P2)",
    async (side, hundredths) => {
      const workers = await startBoth({ inFlight: 4, lingering: 8, held: 8, waiting: 20 }, hundredths);
      const burst = await publish(200, [side]);
      const whole = await publish(20);
      await expectAllRewardedOnce([...burst, ...whole]);
      await expectNothingLeft(workers);
    },
  );

  it('is 2,000 messages on kafka alone at 100 % with the bounds as they are shipped: all are rewarded (P2)', async () => {
    const workers = await startBoth(undefined, 10_000);
    const burst = await publish(2_000, ['kafka']);
    const whole = await publish(20);
    await expectAllRewardedOnce(whole);
    await expectAllRewardedOnce(burst);
    await expectNothingLeft(workers);
  });

  it('is freed by the switch, where its owner is not there (P2)', async () => {
    live = await startLiveMigration(stack, { adoption, limits: { inFlight: 4, lingering: 8, held: 8, waiting: 20 } });
    const kafka = await live.startWorker('kafka');
    await live.setPolicy('setConsumption', { consumption: 'on' });
    await live.setPolicy('setPercentage', { hundredths: 10_000 });
    const burst = await publish(200, ['kafka']);
    await vi.waitFor(
      async () => expect(await readMetric(kafka, 'handover_intake_deliveries', { stage: 'held' })).toBe(20),
      patience,
    );
    const readyz = await fetch(`http://${kafka.http}/readyz`);
    expect(readyz.status).toBe(200);
    expect(await readyz.json()).toMatchObject({ holds: [{ what: expect.stringContaining('wait for rocketmq') }] });
    await live.setPolicy('setConsumption', { consumption: 'off' });
    await expectAllRewardedOnce(burst);
  });
});
