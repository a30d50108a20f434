import { randomUUID } from 'node:crypto';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createCutoverActivities } from '../../src/activities/cutover-activities.js';
import type { RecoveryActivities, RecoveryRequest } from '../../src/activities/recovery-activities.js';
import { type LossReport, NOTHING_RESTORED } from '../../src/domain/ledger-loss.js';
import type { cutover } from '../../src/workflows/cutover.js';
import { cutoverQuery, ledgerLostSignal, republishSignal } from '../../src/workflows/cutover-contract.js';
import { cutoverStartOptions } from '../../src/workflows/cutover-start.js';
import { CUTOVER_WORKFLOW, cutoverTaskQueue, cutoverWorkflowId } from '../../src/workflows/names.js';
import { FakePolicyStore } from '../support/fake-policy-store.js';
import { bundleWorkflows, createLocalEnvironment } from '../support/temporal-environment.js';

let environment: TestWorkflowEnvironment;
let workflowBundle: WorkflowBundleWithSourceMap;
let migration: string;
let worker: Worker;
let running: Promise<void>;
let store: FakePolicyStore;
let recoveries: RecoveryRequest[];
/** Awaited by each recovery before it ends. */
let mayEnd: Promise<void>;

beforeAll(async () => {
  [environment, workflowBundle] = await Promise.all([createLocalEnvironment(), bundleWorkflows()]);
});
afterAll(() => environment.teardown());

beforeEach(async () => {
  migration = `m-${randomUUID().slice(0, 8)}`;
  store = new FakePolicyStore();
  recoveries = [];
  mayEnd = Promise.resolve();
  const recovery: RecoveryActivities = {
    async recoverLedger(request) {
      recoveries.push(request);
      await mayEnd;
      const { why, since } = request;
      return {
        recovery: { why, since, startedAt: 1, endedAt: 2, restored: NOTHING_RESTORED },
        remembersSince: request.first ? 0 : 7,
      };
    },
    lookAgain: async () => NOTHING_RESTORED,
  };
  worker = await Worker.create({
    connection: environment.nativeConnection,
    taskQueue: cutoverTaskQueue(migration),
    workflowBundle,
    activities: { ...createCutoverActivities({ policyStore: store }), ...recovery },
  });
  running = worker.run();
});
afterEach(async () => {
  await handle().terminate();
  worker.shutdown();
  await running;
});

function handle() {
  return environment.client.workflow.getHandle<typeof cutover>(cutoverWorkflowId(migration));
}

function report(loss: LossReport, turnsPerRun?: number): Promise<unknown> {
  return environment.client.workflow.signalWithStart<typeof cutover, [LossReport]>(CUTOVER_WORKFLOW, {
    ...cutoverStartOptions(migration),
    args: [{ migration, ...(turnsPerRun !== undefined && { turnsPerRun }) }],
    signal: ledgerLostSignal,
    signalArgs: [loss],
  });
}

async function whenIntact(count: number) {
  return vi.waitFor(
    async () => {
      const { ledger } = await handle().query(cutoverQuery);
      expect(ledger?.phase).toBe('intact');
      expect(recoveries).toHaveLength(count);
      return ledger;
    },
    { timeout: 20_000, interval: 100 },
  );
}

describe('the cutover workflow', () => {
  test('gives a new migration its first epoch, which nothing can have been lost before', async () => {
    await report({ why: 'the ledger shows no epoch' });
    const ledger = await whenIntact(1);
    expect(recoveries).toMatchObject([{ first: true, since: null, epoch: ledger?.epoch, remembersSince: 0 }]);
  });

  test('has the ledger rebuilt once, however many processes say that it has lost records', async () => {
    await report({ why: 'the ledger shows no epoch' });
    const first = await whenIntact(1);
    let end = (): void => undefined;
    mayEnd = new Promise((resolve) => {
      end = resolve;
    });
    const loss: LossReport = { epoch: first?.epoch ?? '', since: 5, why: 'it went back' };
    await Promise.all([report(loss), report(loss), report(loss)]);
    await vi.waitFor(() => expect(recoveries).toHaveLength(2), { timeout: 20_000 });
    expect((await handle().query(cutoverQuery)).ledger?.phase).toBe('recovering');
    end();
    const second = await whenIntact(2);
    expect(second?.epoch).not.toBe(first?.epoch);
    expect(recoveries[1]).toMatchObject({ first: false, since: 5, why: 'it went back', epoch: second?.epoch });
    expect(second?.remembersSince).toBe(7);
    await report(loss);
    expect((await whenIntact(2))?.epoch).toBe(second?.epoch);
  });

  test('puts the policy back after a loss', async () => {
    await report({ why: 'the ledger shows no epoch' });
    const first = await whenIntact(1);
    store.copy = undefined;
    await report({ epoch: first?.epoch ?? '', why: 'all of it is lost' });
    await vi.waitFor(() => expect(store.copy?.version).toBe(1), { timeout: 20_000 });
    expect(recoveries[1]).toMatchObject({ since: null });
  });

  test('knows the epoch after it has continued as new', async () => {
    await report({ why: 'the ledger shows no epoch' }, 1);
    const before = await whenIntact(1);
    const { runId } = await handle().describe();
    await handle().signal(republishSignal);
    await vi.waitFor(async () => expect((await handle().describe()).runId).not.toBe(runId), { timeout: 20_000 });
    expect(await whenIntact(1)).toEqual(before);
  });
});
