import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { messageStartOptions } from '../../src/intake/start-options.js';
import { resolveUpdate } from '../../src/workflows/message/contract.js';
import { MESSAGE_WORKFLOW, sideTaskQueue } from '../../src/workflows/names.js';
import { fakeActivities, granted, type MessageActivities, unknown } from '../support/temporal/fake-activities.js';
import { messageInput } from '../support/temporal/message-runner.js';
import { bundleWorkflows, createLocalEnvironment } from '../support/temporal/temporal-environment.js';

/** The first look of a parked run comes after one such time. */
const ATTEMPT_TIMEOUT_MS = 1_000;
const TIMER_FIRED = 18;
const UPDATE_ACCEPTED = 41;
const WORKFLOW_TASK_STARTED = 6;

let environment: TestWorkflowEnvironment;
let workflowBundle: WorkflowBundleWithSourceMap;
let stopWorker: () => Promise<void>;

beforeAll(async () => {
  [environment, workflowBundle] = await Promise.all([createLocalEnvironment(), bundleWorkflows()]);
});

afterEach(() => stopWorker());
afterAll(() => environment.teardown());

async function startWorker(taskQueue: string, activities: MessageActivities): Promise<void> {
  const connection = environment.nativeConnection;
  const worker = await Worker.create({ connection, taskQueue, workflowBundle, activities });
  const running = worker.run();
  stopWorker = async () => {
    stopWorker = async () => undefined;
    worker.shutdown();
    await running;
  };
}

async function eventTypes(handle: WorkflowHandle): Promise<readonly number[]> {
  return (await handle.fetchHistory()).events?.map(({ eventType }) => eventType ?? 0) ?? [];
}

async function isAdmitted(workflowId: string, updateId: string): Promise<boolean> {
  const updateRef = { workflowExecution: { workflowId }, updateId };
  const { namespace } = environment.client.options;
  return environment.client.workflowService.pollWorkflowExecutionUpdate({ namespace, updateRef }).then(
    () => true,
    () => false,
  );
}

const RESEND = { round: 1, resolution: 'resend', actor: 'ada', reason: 'the provider has no trace of it' } as const;

describe('a parked run that looks for a late answer', () => {
  /** Parks a message; `meet` has its first look fall into the same workflow task as a person's answer. */
  async function parkAndMeet(told: Partial<MessageActivities>) {
    const whole = messageInput();
    const input = {
      ...whole,
      settings: { ...whole.settings, attemptTimeoutMs: ATTEMPT_TIMEOUT_MS, settlesWithinMs: 0 },
    };
    let attempts = 0;
    const reward = async () => (++attempts === 1 ? unknown : granted);
    const { activities, calls } = fakeActivities({ reward, ...told });
    const taskQueue = sideTaskQueue(input.migration, 'kafka');
    await startWorker(taskQueue, activities);
    const options = messageStartOptions({ input, body: new Uint8Array(), side: 'kafka', state: 'processing' });
    // A local activity that lasts longer than this lets other events of the run come in between.
    const handle = await environment.client.workflow.start(MESSAGE_WORKFLOW, {
      ...options,
      workflowTaskTimeout: '2 s',
    });
    const state = async () => (await handle.describe()).searchAttributes?.['HandoverState']?.[0];
    await expect.poll(state).toBe('parked');
    const answer = (updateId: string) =>
      handle.executeUpdate(resolveUpdate, { args: [{ ...RESEND, givenAt: Date.now() }], updateId });

    async function meet(): Promise<unknown> {
      await stopWorker();
      await expect.poll(() => eventTypes(handle), { timeout: 10_000 }).toContain(TIMER_FIRED);
      const answered = answer('first').catch((error: unknown) => error);
      await expect.poll(() => isAdmitted(input.messageId, 'first')).toBe(true);
      await startWorker(taskQueue, activities);
      const result = await answered;
      const events = await eventTypes(handle);
      const between = events.slice(events.indexOf(TIMER_FIRED), events.indexOf(UPDATE_ACCEPTED));
      expect(between.filter((type) => type === WORKFLOW_TASK_STARTED)).toHaveLength(1);
      return result;
    }
    return { handle, calls, answer, meet };
  }

  async function replay(handle: WorkflowHandle): Promise<void> {
    await Worker.runReplayHistory({ workflowBundle }, await handle.fetchHistory());
  }

  it('goes on with any other worker when an answer was refused in the same moment', async () => {
    let asked = 0;
    const { handle, answer, meet, calls } = await parkAndMeet({
      reopen: async ({ round }) =>
        ++asked === 1 ? { reopened: false, why: 'too early' } : { reopened: true, round: round + 1 },
    });
    expect(await meet()).toMatchObject({ cause: { message: 'refused: too early' } });
    await expect.poll(() => calls.filter(({ activity }) => activity === 'park')).toHaveLength(2);
    await replay(handle);
    await answer('second');
    expect(await handle.result()).toMatchObject({ outcome: 'granted', round: 2 });
    await replay(handle);
  });

  it('goes on with any other worker when it was answered in the same moment', async () => {
    const { handle, meet, calls } = await parkAndMeet({});
    expect(await meet()).toEqual({ round: 1, resolution: 'resend' });
    expect(await handle.result()).toMatchObject({ outcome: 'granted', round: 2 });
    expect(calls.filter(({ activity }) => activity === 'park')).toHaveLength(1);
    await replay(handle);
  });

  it('turns an answer away that comes while it finds the outcome', async () => {
    let parked = 0;
    let find: () => void = () => undefined;
    const found = new Promise<void>((resolve) => {
      find = resolve;
    });
    const { handle, answer, calls } = await parkAndMeet({
      park: async () => {
        if (++parked === 1) return undefined;
        await found;
        return 'granted';
      },
    });
    await expect.poll(() => parked, { timeout: 10_000 }).toBe(2);
    const answered = answer('while it looks').catch((error: unknown) => error);
    await expect.poll(() => eventTypes(handle), { timeout: 10_000 }).toContain(UPDATE_ACCEPTED);
    find();
    expect(await answered).toMatchObject({ cause: { message: expect.stringContaining('found in the ledger') } });
    expect(await handle.result()).toMatchObject({ outcome: 'granted', round: 1, resolvedBy: 'ledger' });
    expect(calls.map(({ activity }) => activity)).not.toContain('reopen');
    await replay(handle);
  });
});

describe('an answer to a message that had been settled otherwise a moment before', () => {
  it('is told what stands, which the audit and the result say too', async () => {
    const input = messageInput();
    const { activities, calls } = fakeActivities({ reward: async () => unknown, settle: async () => 'granted' });
    const taskQueue = sideTaskQueue(input.migration, 'kafka');
    await startWorker(taskQueue, activities);
    const options = messageStartOptions({ input, body: new Uint8Array(), side: 'kafka', state: 'processing' });
    const handle = await environment.client.workflow.start(MESSAGE_WORKFLOW, options);
    await expect.poll(async () => (await handle.describe()).searchAttributes?.['HandoverState']?.[0]).toBe('parked');

    const args = { round: 1, resolution: 'abandon', actor: 'ada', reason: 'given up' } as const;
    expect(await handle.executeUpdate(resolveUpdate, { args: [args] })).toEqual({
      round: 1,
      resolution: 'abandon',
      outcome: 'granted',
    });
    expect(await handle.result()).toMatchObject({ outcome: 'granted', round: 1, resolvedBy: 'ledger' });
    expect(calls.map(({ activity }) => activity).slice(-2)).toEqual(['settle', 'audit']);
    expect(calls.at(-1)?.request).toMatchObject({ resolution: 'abandon', actor: 'ada', outcome: 'granted' });
    await Worker.runReplayHistory({ workflowBundle }, await handle.fetchHistory());
  });

  it('of an attempt, too, is not what the message completes with', async () => {
    const input = messageInput();
    const { activities } = fakeActivities({
      reward: async () => ({ ...granted, settled: false }) as typeof granted,
      settle: async () => 'abandoned',
    });
    await startWorker(sideTaskQueue(input.migration, 'kafka'), activities);
    const options = messageStartOptions({ input, body: new Uint8Array(), side: 'kafka', state: 'processing' });
    const handle = await environment.client.workflow.start(MESSAGE_WORKFLOW, options);
    expect(await handle.result()).toMatchObject({ outcome: 'abandoned', resolvedBy: 'ledger' });
  });
});
