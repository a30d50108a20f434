import { randomUUID } from 'node:crypto';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { findAttemptsIn } from '../../src/activities/earlier-attempts.js';
import type { ReopenRequest } from '../../src/activities/resolution.js';
import { createRewardActivities } from '../../src/activities/reward.js';
import { askTemporalWhetherOpen } from '../../src/activities/runs.js';
import type { GrantResult } from '../../src/domain/reward/outcome.js';
import type { MessageInput, ParkRequest } from '../../src/domain/run.js';
import { messageStartOptions } from '../../src/intake/start-options.js';
import { resolveUpdate, retryingSignal } from '../../src/workflows/message/contract.js';
import { MESSAGE_WORKFLOW, sideTaskQueue } from '../../src/workflows/names.js';
import {
  fakeActivities,
  type MessageActivities,
  unknown,
  waitingForRocketmq,
} from '../support/temporal/fake-activities.js';
import { bundleWorkflows, createLocalEnvironment } from '../support/temporal/temporal-environment.js';

let environment: TestWorkflowEnvironment;
let workflowBundle: WorkflowBundleWithSourceMap;
let migration: string;
let messageId: string;
let stopWorker: (() => Promise<void>) | undefined;

beforeAll(async () => {
  [environment, workflowBundle] = await Promise.all([createLocalEnvironment(), bundleWorkflows()]);
});

afterAll(() => environment.teardown());

beforeEach(() => {
  migration = `m-${randomUUID().slice(0, 8)}`;
  messageId = `order/${randomUUID()}`;
});

afterEach(async () => {
  await handle()
    .terminate('the test is over')
    .catch(() => undefined);
  await stopWorker?.();
  stopWorker = undefined;
});

const handle = () => environment.client.workflow.getHandle(messageId);

async function startWorker(told: Partial<MessageActivities>): Promise<ReturnType<typeof fakeActivities>['calls']> {
  const { activities, calls } = fakeActivities({
    findAttempts: ({ messageId: id }) => findAttemptsIn(environment.client)(id),
    ...told,
  });
  const worker = await Worker.create({
    connection: environment.nativeConnection,
    taskQueue: sideTaskQueue(migration, 'kafka'),
    workflowBundle,
    activities,
    // Every task begins by replaying the history: what a run of after the reset does must hold against that.
    maxCachedWorkflows: 0,
  });
  const running = worker.run();
  stopWorker = async () => {
    worker.shutdown();
    await running;
  };
  return calls;
}

async function startMessage(change: Partial<MessageInput> = {}): Promise<string> {
  const input: MessageInput = {
    migration,
    messageId,
    fingerprint: '0123456789abcdef',
    decision: { owner: 'kafka', reason: 'switch off', policyVersion: 1 },
    delivered: [{ side: 'kafka', receivedAt: 1 }],
    settings: {
      attemptTimeoutMs: 5_000,
      settlesWithinMs: 60_000,
      lookup: false,
      retry: { initialIntervalMs: 10, backoffCoefficient: 1, maximumIntervalMs: 10, maximumAttempts: 3 },
      adoption: { marginMs: 5_000, firstLookMs: 100, longestLookMs: 200 },
    },
    ...change,
  };
  const body = new TextEncoder().encode('{}');
  const options = messageStartOptions({ input, body, side: 'kafka', state: 'processing' });
  const { firstExecutionRunId } = await environment.client.workflow.start(MESSAGE_WORKFLOW, options);
  return firstExecutionRunId;
}

/** Resets it to its nth completed workflow task, counting from 1. */
async function resetToTask(task: number): Promise<string> {
  const ends = async () =>
    ((await handle().fetchHistory()).events ?? []).filter(
      (event) => event.workflowTaskCompletedEventAttributes != null,
    );
  await expect.poll(async () => (await ends()).length).toBeGreaterThanOrEqual(task);
  const completed = await ends();
  const { runId } = await environment.client.workflowService.resetWorkflowExecution({
    namespace: environment.client.options.namespace,
    workflowExecution: { workflowId: messageId },
    workflowTaskFinishEventId: completed[task - 1]?.eventId ?? null,
    reason: 'by mistake',
    requestId: randomUUID(),
  });
  return runId;
}

const state = async () => (await handle().describe()).searchAttributes['HandoverState']?.[0];
const names = (calls: readonly { activity: string }[]) => calls.map(({ activity }) => activity);

describe('a run that a reset has made', () => {
  test('to its start: is another one to the ledger, and sends nothing where an earlier one has', async () => {
    const calls = await startWorker({ reward: async () => unknown, takeOver: async () => ({ found: 'unclaimed' }) });
    const firstRun = await startMessage();
    await expect.poll(state).toBe('parked');
    calls.length = 0;

    const run = await resetToTask(1);
    await expect.poll(() => names(calls)).toEqual(['findAttempts', 'takeOver', 'park']);
    expect(calls[1]?.request).toMatchObject({ run, fromRun: firstRun });
    expect(calls[2]?.request).toMatchObject({ run, owner: 'kafka', round: 1 });
    await expect.poll(state).toBe('parked');
    const isOpen = askTemporalWhetherOpen(environment.client);
    expect(await isOpen(messageId, run)).toBe(true);
    expect(await isOpen(messageId, firstRun)).toBe(false);
  });

  test('to where a lookup was asked: lets it send nothing again, as the earlier run may have', async () => {
    const lookup = async () => ({ result: 'absent', askedAt: Date.now(), marked: true }) as const;
    const calls = await startWorker({ reward: async () => unknown, lookup });
    const retry = { initialIntervalMs: 10, backoffCoefficient: 1, maximumIntervalMs: 10, maximumAttempts: 3 };
    const adoption = { marginMs: 5_000, firstLookMs: 100, longestLookMs: 200 };
    await startMessage({
      settings: { attemptTimeoutMs: 1_500, settlesWithinMs: 300, lookup: true, retry, adoption },
    });
    await expect.poll(state).toBe('parked');
    expect(names(calls).filter((name) => name === 'reward')).toHaveLength(2);
    calls.length = 0;

    const run = await resetToTask(2);
    await expect.poll(() => names(calls)).toContain('park');
    expect(new Set(names(calls))).toEqual(new Set(['lookup', 'park']));
    expect(calls.at(-1)?.request).toMatchObject({ run, round: 1, evidence: { lookup: { result: 'absent' } } });
  });

  test('to its start: goes on waiting where nothing was attempted', async () => {
    const calls = await startWorker({ seek: async () => waitingForRocketmq });
    await startMessage();
    await expect.poll(() => names(calls)).toContain('seek');
    const run = await resetToTask(1);
    await expect.poll(() => names(calls)).toContain('findAttempts');
    calls.length = 0;
    await expect.poll(() => names(calls)).toContain('seek');
    expect(calls.at(-1)?.request).toMatchObject({ run });
    expect(names(calls)).not.toContain('takeOver');
  });

  test('to where it was parked: believes no time that an earlier run has waited', async () => {
    const calls = await startWorker({
      reward: async () => unknown,
      reopen: async ({ round, notBefore }) =>
        notBefore > Date.now() ? { reopened: false, why: 'too early' } : { reopened: true, round: round + 1 },
    });
    await startMessage();
    await expect.poll(state).toBe('parked');
    const run = await resetToTask(2);
    await expect.poll(() => calls.filter(({ activity }) => activity === 'park')).toHaveLength(2);
    expect(calls.at(-1)?.request).toMatchObject({ run });
    const parked = calls.at(-1)?.request as ParkRequest | undefined;
    expect(parked?.evidence.resendAfter).toBeGreaterThan(Date.now() + 55_000);
    expect(names(calls).filter((name) => name === 'reward')).toHaveLength(1);
  });

  test('to before an answer: does not carry out anew what was told to the earlier run, not even by force', async () => {
    const calls = await startWorker({ reward: async () => unknown });
    await startMessage();
    await expect.poll(state).toBe('parked');
    const answer = { round: 1, resolution: 'resend', actor: 'ann', reason: 'asked', givenAt: Date.now() } as const;
    await handle().executeUpdate(resolveUpdate, { args: [{ ...answer, force: true }] });
    await expect.poll(() => names(calls).filter((name) => name === 'park')).toHaveLength(2);
    await expect.poll(state).toBe('parked');
    calls.length = 0;

    await resetToTask(3);
    await expect
      .poll(async () => JSON.stringify(await handle().fetchHistory()))
      .toContain('before the workflow was reset');
    expect(names(calls)).toEqual([]);
    const tooEarly = handle().executeUpdate(resolveUpdate, { args: [{ ...answer, force: true }] });
    await expect(tooEarly).rejects.toThrow();
    await handle().executeUpdate(resolveUpdate, { args: [{ ...answer, givenAt: Date.now() }] });
    expect(calls[0]).toMatchObject({ activity: 'reopen', request: { notBefore: expect.any(Number) } });
    expect((calls[0]?.request as ReopenRequest | undefined)?.notBefore).toBeGreaterThan(Date.now() + 55_000);
  });

  test('while an attempt is pending: does not make it again', async () => {
    let grants = 0;
    let answer: (result: GrantResult) => void = () => undefined;
    const answered = new Promise<GrantResult>((resolve) => {
      answer = resolve;
    });
    const { reward } = rewarding(() => {
      grants += 1;
      return answered;
    });
    const calls = await startWorker({ reward });
    await startMessage();
    await expect.poll(() => grants).toBe(1);
    await handle().signal(retryingSignal);
    await expect.poll(state).toBe('retrying');

    await resetToTask(2);
    await expect.poll(() => names(calls)).toContain('park');
    answer({ outcome: 'granted', evidence: { phase: 'answered', status: 200, detail: 'granted' } });
    expect(calls.find(({ activity }) => activity === 'park')?.request).toMatchObject({
      evidence: { detail: expect.stringContaining('its workflow was reset while it was pending') },
    });
    expect(grants).toBe(1);
  });
});

test('a run that Temporal does not know any more may have attempted anything', async () => {
  await startMessage({ resumes: { fromRun: randomUUID(), attempted: false } });
  expect(await findAttemptsIn(environment.client)(messageId)).toEqual({ attempted: true });
});

test('an activity that somebody has reset does not pass for one that has attempted nothing', async () => {
  let grants = 0;
  const { reward } = rewarding(async () => {
    grants += 1;
    return {
      outcome: 'not-executed',
      retryAfterMs: 600_000,
      evidence: { phase: 'answered', status: 503, detail: 'the provider answered 503' },
    };
  });
  const calls = await startWorker({ reward });
  await startMessage();
  await expect.poll(async () => (await handle().describe()).raw.pendingActivities?.[0]?.attempt).toBe(2);

  await environment.client.workflowService.resetActivity({
    namespace: environment.client.options.namespace,
    execution: { workflowId: messageId },
    type: 'reward',
    resetHeartbeat: true,
  });
  await expect.poll(() => names(calls)).toContain('park');
  expect(calls.find(({ activity }) => activity === 'park')?.request).toMatchObject({
    evidence: { detail: expect.stringContaining('the activity was reset') },
  });
  expect(grants).toBe(1);
});

/** The real activity, on a ledger that allows everything: as one that has lost its records would. */
function rewarding(grant: () => Promise<GrantResult>) {
  return createRewardActivities({
    ledger: {
      begin: async () => ({ verdict: 'go', deadline: Date.now() + 4_000, now: Date.now() }),
      beginWitnessed: async () => ({ verdict: 'forgotten' }),
      clear: async () => ({ verdict: 'recorded' }),
      settle: async () => ({ verdict: 'recorded' }),
      unindex: async () => undefined,
      read: async () => undefined,
      now: async () => Date.now(),
    },
    provider: { grant },
    client: environment.client,
    isOpenRun: askTemporalWhetherOpen(environment.client),
    onAttempt: () => undefined,
  });
}
