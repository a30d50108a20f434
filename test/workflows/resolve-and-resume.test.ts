import { randomUUID } from 'node:crypto';
import { arrayFromPayloads, defaultPayloadConverter } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { LedgerRecord } from '../../src/domain/ledger/record.js';
import type { MessageInput } from '../../src/domain/run.js';
import { messageStartOptions } from '../../src/intake/start-options.js';
import type { ResolutionEntry } from '../../src/ledger/redis/stores/audit.js';
import { resolveMessage } from '../../src/operations/resolve/resolve-message.js';
import { resumeMessage } from '../../src/operations/resume/resume-message.js';
import { CUTOVER_WORKFLOW, MESSAGE_WORKFLOW, sideTaskQueue } from '../../src/workflows/names.js';
import { fakeActivities, granted, type MessageActivities, unknown } from '../support/temporal/fake-activities.js';
import { bundleWorkflows, createLocalEnvironment } from '../support/temporal/temporal-environment.js';

let environment: TestWorkflowEnvironment;
let workflowBundle: WorkflowBundleWithSourceMap;
let migration: string;
let messageId: string;
let record: LedgerRecord | undefined;
let audited: ResolutionEntry[];
let stopWorker: (() => Promise<void>) | undefined;

const NOW = Date.now();
const ADA = { actor: 'ada', reason: 'asked the provider' };
const BODY = new TextEncoder().encode('{"amount":5}');

beforeAll(async () => {
  [environment, workflowBundle] = await Promise.all([createLocalEnvironment(), bundleWorkflows()]);
});

afterAll(() => environment.teardown());

beforeEach(() => {
  migration = `m-${randomUUID().slice(0, 8)}`;
  messageId = `order/${randomUUID()}`;
  record = undefined;
  audited = [];
});

afterEach(async () => {
  await stopWorker?.();
  stopWorker = undefined;
});

const ledger = { read: async () => record, now: async () => NOW };
const audit = { append: async (entry: ResolutionEntry) => void audited.push(entry) };

function handle() {
  return environment.client.workflow.getHandle(messageId);
}

function resume(person = ADA) {
  return resumeMessage({ client: environment.client, ledger, audit, migration }, messageId, person);
}

function resolve(answer: Partial<Parameters<typeof resolveMessage>[1]> = {}) {
  const parts = { client: environment.client, ledger };
  return resolveMessage(parts, { messageId, resolution: 'granted', person: ADA, ...answer });
}

function recordIn(state: LedgerRecord['state'], more: Partial<LedgerRecord>): LedgerRecord {
  const decision = { owner: 'kafka', reason: 'switch off', policyVersion: 1 } as const;
  const seen = { kafka: true, rocketmq: false };
  return { messageId, state, ...decision, fingerprint: '0123456789abcdef', seen, round: 0, attempt: 0, ...more };
}

async function startMessage(): Promise<MessageInput> {
  const input: MessageInput = {
    migration,
    messageId,
    businessId: 'user-1',
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
  };
  const options = messageStartOptions({ input, body: BODY, side: 'kafka', state: 'processing' });
  await environment.client.workflow.start(MESSAGE_WORKFLOW, options);
  return input;
}

async function startWorker(told: Partial<MessageActivities>): Promise<ReturnType<typeof fakeActivities>['calls']> {
  const { activities, calls } = fakeActivities(told);
  const worker = await Worker.create({
    connection: environment.nativeConnection,
    taskQueue: sideTaskQueue(migration, 'kafka'),
    workflowBundle,
    activities,
  });
  const running = worker.run();
  stopWorker = async () => {
    worker.shutdown();
    await running;
  };
  return calls;
}

/** A message whose one attempt left an unknown outcome. */
async function park(told: Partial<MessageActivities> = {}): Promise<ReturnType<typeof fakeActivities>['calls']> {
  const calls = await startWorker({ reward: async () => unknown, ...told });
  await startMessage();
  await expect.poll(() => calls.map(({ activity }) => activity)).toContain('park');
  record = recordIn('parked', { round: 1, attempt: 1 });
  return calls;
}

describe('resolve', () => {
  test('answers the round in which the ledger shows the message parked, once', async () => {
    const calls = await park();
    expect(await resolve()).toEqual({ messageId, round: 1, resolution: 'granted' });
    expect(await handle().result()).toMatchObject({ outcome: 'granted', round: 1, resolvedBy: 'ada' });
    const [update] =
      (await handle().fetchHistory()).events?.flatMap(({ workflowExecutionUpdateAcceptedEventAttributes: accepted }) =>
        arrayFromPayloads(defaultPayloadConverter, accepted?.acceptedRequest?.input?.args?.payloads),
      ) ?? [];
    expect(update).toMatchObject({ resolution: 'granted', givenAt: NOW });
    expect(calls.find(({ activity }) => activity === 'audit')?.request).toMatchObject({
      ...ADA,
      resolution: 'granted',
    });
    await expect(resolve()).rejects.toMatchObject({
      code: 'resolution-refused',
      message: expect.stringContaining('no open workflow has it'),
      hint: expect.stringContaining('handover inspect'),
    });
  });

  test('of another round than the open one is refused, and says which is open', async () => {
    await park();
    await expect(resolve({ round: 2 })).rejects.toMatchObject({
      code: 'resolution-refused',
      message: `Message ${messageId} was not resolved: round 2 is not open: it is parked in round 1.`,
    });
  });

  test('resend is refused while the last request may still take effect, unless it is forced', async () => {
    const calls = await park({
      reopen: async ({ round, notBefore }) =>
        notBefore > 0 ? { reopened: false, why: 'too early' } : { reopened: true, round: round + 1 },
    });
    await expect(resolve({ resolution: 'resend' })).rejects.toMatchObject({
      code: 'resolution-refused',
      message: expect.stringContaining('too early'),
    });
    await resolve({ resolution: 'resend', force: true });
    await expect.poll(() => calls.filter(({ activity }) => activity === 'reward')).toHaveLength(2);
  });

  test('of a message that is not parked, or not known, asks no workflow', async () => {
    await expect(resolve()).rejects.toMatchObject({ code: 'message-unknown' });
    await park();
    record = recordIn('settled', { outcome: 'refused' });
    await expect(resolve()).rejects.toMatchObject({
      code: 'resolution-refused',
      message: expect.stringContaining('it is not parked but settled: refused'),
    });
  });
});

describe('resume', () => {
  test('starts a new run with what the closed one was started with, and audits that first', async () => {
    const input = await startMessage();
    const { runId } = await handle().describe();
    await handle().terminate('by mistake');

    const resumed = await resume();
    expect(resumed).toEqual({ messageId, run: expect.any(String), fromRun: runId, attempted: false });
    expect(resumed.run).not.toBe(runId);
    expect(audited).toEqual([{ messageId, round: 0, resolution: 'resume', ...ADA }]);

    const calls = await startWorker({ takeOver: async () => ({ found: 'clean', owner: 'kafka', round: 1 }) });
    expect(await handle().result()).toMatchObject({ outcome: 'granted' });
    expect(calls.map(({ activity }) => activity)).toEqual(['takeOver', 'reward']);
    expect(calls[0]?.request).toMatchObject({ fromRun: runId, run: resumed.run });
    expect(calls[1]?.request).toMatchObject({ businessId: input.businessId, messageId });
  });

  test('sends nothing of which any earlier run scheduled an attempt, however often it is resumed', async () => {
    await park();
    await stopWorker?.();
    stopWorker = undefined;
    await handle().terminate('by mistake');
    record = undefined;
    expect(await resume()).toMatchObject({ attempted: true });
    await handle().terminate('again');
    expect(await resume()).toMatchObject({ attempted: true });

    const { events } = await handle().fetchHistory();
    const started = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads;
    expect(arrayFromPayloads(defaultPayloadConverter, started)[0]).toMatchObject({
      resumes: { attempted: true, owner: 'kafka' },
    });
    const calls = await startWorker({
      reward: async () => granted,
      takeOver: async () => ({ found: 'clean', owner: 'kafka', round: 1 }),
    });
    await expect.poll(() => calls.map(({ activity }) => activity)).toEqual(['takeOver', 'park']);
    await handle().terminate('the test is over');
  });

  test("takes the ledger's word that something was sent where Temporal knows of nothing", async () => {
    await startMessage();
    await handle().terminate('by mistake');
    record = recordIn('sending', { owner: 'rocketmq', round: 1, attempt: 1 });
    expect(await resume()).toMatchObject({ attempted: true });
    const { taskQueue } = await handle().describe();
    expect(taskQueue).toBe(sideTaskQueue(migration, 'rocketmq'));
    await handle().terminate('the test is over');
  });

  test('is refused while the workflow is open', async () => {
    await startMessage();
    await expect(resume()).rejects.toMatchObject({
      code: 'not-stranded',
      message: `Message ${messageId} was not resumed: its workflow is open and goes on by itself.`,
    });
    await handle().terminate('the test is over');
    expect(audited).toEqual([]);
  });

  test('is refused for what has completed, or is settled', async () => {
    await startWorker({});
    await startMessage();
    await handle().result();
    await expect(resume()).rejects.toMatchObject({
      code: 'not-stranded',
      message: expect.stringContaining('completed'),
    });
    record = recordIn('settled', { outcome: 'granted' });
    await expect(resume()).rejects.toMatchObject({ message: expect.stringContaining('it is settled: granted') });
  });

  test('starts nothing after a run that has completed, though it was read before that', async () => {
    await startMessage();
    await handle().terminate('by mistake');
    let outcome: unknown;
    const slow = {
      append: async () => {
        await resume();
        await startWorker({ takeOver: async () => ({ found: 'clean', owner: 'kafka', round: 1 }) });
        outcome = await handle().result();
      },
    };
    const parts = { client: environment.client, ledger, audit: slow, migration };
    await expect(resumeMessage(parts, messageId, ADA)).rejects.toMatchObject({
      code: 'not-stranded',
      message: expect.stringContaining('by someone else'),
    });
    expect(outcome).toMatchObject({ outcome: 'granted' });
  });

  test('is refused for what is no message of this migration, or not known to Temporal', async () => {
    await expect(resume()).rejects.toMatchObject({ code: 'message-unknown' });
    const taskQueue = sideTaskQueue(migration, 'kafka');
    await environment.client.workflow.start(CUTOVER_WORKFLOW, { workflowId: messageId, taskQueue });
    await handle().terminate();
    await expect(resume()).rejects.toMatchObject({
      code: 'not-stranded',
      message: expect.stringContaining('is not a message of migration'),
    });
  });
});
