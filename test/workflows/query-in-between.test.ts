import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker, type WorkerOptions, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { messageStartOptions } from '../../src/intake/start-options.js';
import { resolveUpdate, runStateQuery } from '../../src/workflows/message/contract.js';
import { MESSAGE_WORKFLOW, sideTaskQueue } from '../../src/workflows/names.js';
import { fakeActivities, granted, type MessageActivities, unknown } from '../support/temporal/fake-activities.js';
import { messageInput } from '../support/temporal/message-runner.js';
import { bundleWorkflows, createLocalEnvironment } from '../support/temporal/temporal-environment.js';

const ACTIVITY_TASK_SCHEDULED = 10;
const ACTIVITY_TASK_COMPLETED = 12;

let environment: TestWorkflowEnvironment;
let workflowBundle: WorkflowBundleWithSourceMap;

beforeAll(async () => {
  [environment, workflowBundle] = await Promise.all([createLocalEnvironment(), bundleWorkflows()]);
});
afterAll(() => environment.teardown());

async function whileWorking<T>(options: Omit<WorkerOptions, 'connection'>, work: () => Promise<T>): Promise<T> {
  const worker = await Worker.create({ connection: environment.nativeConnection, ...options });
  return worker.runUntil(work);
}

async function eventTypes(handle: WorkflowHandle): Promise<readonly number[]> {
  return (await handle.fetchHistory()).events?.map(({ eventType }) => eventType ?? 0) ?? [];
}

const count = (types: readonly number[], type: number): number => types.filter((one) => one === type).length;

describe('a run whose workflow task carries a query while a step in the ledger is under way', () => {
  /** Lets the run's attempt end while no worker has its workflow, and has the next task of it carry a query. */
  async function askInBetween(told: Partial<MessageActivities>, rounds: number) {
    const input = messageInput();
    const taskQueue = sideTaskQueue(input.migration, 'kafka');
    const { activities } = fakeActivities(told);
    const workflowsOnly = { taskQueue, workflowBundle, activities, enableNonLocalActivities: false };
    const options = messageStartOptions({ input, body: new Uint8Array(), side: 'kafka', state: 'processing' });
    const handle = await environment.client.workflow.start(MESSAGE_WORKFLOW, options);

    async function parkWithQuery(round: number): Promise<void> {
      await whileWorking(workflowsOnly, async () => {
        await expect.poll(async () => count(await eventTypes(handle), ACTIVITY_TASK_SCHEDULED)).toBe(round);
      });
      await whileWorking({ taskQueue, activities }, async () => {
        await expect.poll(async () => count(await eventTypes(handle), ACTIVITY_TASK_COMPLETED)).toBe(round);
      });
      const asked = handle.query(runStateQuery);
      await whileWorking(workflowsOnly, async () => {
        await asked;
        const state = async () => (await handle.describe()).searchAttributes?.['HandoverState']?.[0];
        await expect.poll(state).toBe('parked');
        if (round === rounds) return;
        const args = { round, resolution: 'resend', actor: 'ada', reason: 'no trace of it', force: true } as const;
        await handle.executeUpdate(resolveUpdate, { args: [args] });
      });
    }
    for (let round = 1; round <= rounds; round += 1) await parkWithQuery(round);
    return { handle, taskQueue, activities };
  }

  async function replay(handle: WorkflowHandle): Promise<void> {
    await Worker.runReplayHistory({ workflowBundle }, await handle.fetchHistory());
  }

  it("can be taken over by any other worker after the provider's lookup has left it open", async () => {
    const whole = messageInput();
    const input = { ...whole, settings: { ...whole.settings, lookup: true } };
    const taskQueue = sideTaskQueue(input.migration, 'kafka');
    const { activities } = fakeActivities({
      reward: async () => unknown,
      lookup: async () => ({ result: 'unknown', askedAt: 1, marked: true, inVain: true }),
    });
    const workflowsOnly = { taskQueue, workflowBundle, activities, enableNonLocalActivities: false };
    const options = messageStartOptions({ input, body: new Uint8Array(), side: 'kafka', state: 'processing' });
    const handle = await environment.client.workflow.start(MESSAGE_WORKFLOW, options);
    for (const step of [1, 2]) {
      await whileWorking(workflowsOnly, async () => {
        await expect.poll(async () => count(await eventTypes(handle), ACTIVITY_TASK_SCHEDULED)).toBe(step);
      });
      await whileWorking({ taskQueue, activities }, async () => {
        await expect.poll(async () => count(await eventTypes(handle), ACTIVITY_TASK_COMPLETED)).toBe(step);
      });
    }
    // The task that hears what the lookup said parks the message, and carries the question.
    const asked = handle.query(runStateQuery);
    await whileWorking(workflowsOnly, async () => {
      await asked;
      await expect.poll(async () => (await handle.describe()).searchAttributes?.['HandoverState']?.[0]).toBe('parked');
    });
    await replay(handle);
    await whileWorking({ taskQueue, workflowBundle, activities }, async () => {
      const args = { round: 1, resolution: 'abandon', actor: 'ada', reason: 'given up' } as const;
      await handle.executeUpdate(resolveUpdate, { args: [args] });
      expect(await handle.result()).toMatchObject({ outcome: 'abandoned' });
    });
    await replay(handle);
  });

  it('can be taken over by any other worker while it is parked', async () => {
    const { handle } = await askInBetween({ reward: async () => unknown }, 1);
    await replay(handle);
    await handle.terminate('the test is over');
  });

  it('is carried on by another worker after it was sent again', async () => {
    let attempts = 0;
    const reward = async () => (++attempts < 3 ? unknown : granted);
    const { handle, taskQueue, activities } = await askInBetween({ reward }, 2);
    await whileWorking({ taskQueue, workflowBundle, activities }, async () => {
      const args = { round: 2, resolution: 'resend', actor: 'ada', reason: 'no trace of it', force: true } as const;
      await handle.executeUpdate(resolveUpdate, { args: [args] });
      expect(await handle.result()).toMatchObject({ outcome: 'granted', round: 3 });
    });
    await replay(handle);
  });
});
