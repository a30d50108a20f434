import { randomUUID } from 'node:crypto';
import { WithStartWorkflowOperation, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure, type UpdateDefinition } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createCutoverActivities } from '../../src/activities/policy.js';
import { initialPolicy, type Policy } from '../../src/domain/policy/policy.js';
import {
  allowUpdate,
  type CutoverInput,
  cutoverQuery,
  disallowUpdate,
  republishSignal,
  setConsumptionUpdate,
  setFailoverUpdate,
  setPercentageUpdate,
  setStartUpdate,
  settleForeignCopyUpdate,
} from '../../src/workflows/cutover/contract.js';
import type { cutover } from '../../src/workflows/cutover/cutover.js';
import { CUTOVER_WORKFLOW, cutoverTaskQueue, cutoverWorkflowId } from '../../src/workflows/names.js';
import { FakePolicyStore } from '../support/ledger/fake-policy-store.js';
import { bundleWorkflows, createLocalEnvironment } from '../support/temporal/temporal-environment.js';

let environment: TestWorkflowEnvironment;
let workflowBundle: WorkflowBundleWithSourceMap;
let migration: string;
let worker: Worker;
let running: Promise<void>;
let redis: FakePolicyStore;

beforeAll(async () => {
  [environment, workflowBundle] = await Promise.all([createLocalEnvironment(), bundleWorkflows()]);
});

afterAll(() => environment.teardown());

beforeEach(async () => {
  migration = `m-${randomUUID().slice(0, 8)}`;
  redis = new FakePolicyStore();
  worker = await Worker.create({
    connection: environment.nativeConnection,
    taskQueue: cutoverTaskQueue(migration),
    workflowBundle,
    activities: { ...createCutoverActivities({ policyStore: redis }) },
  });
  running = worker.run();
});

afterEach(async () => {
  await environment.client.workflow.getHandle(cutoverWorkflowId(migration)).terminate();
  worker.shutdown();
  await running;
});

const BY = { actor: 'ada', reason: 'a rehearsal' };

function start(input: Partial<CutoverInput> = {}): WithStartWorkflowOperation<typeof cutover> {
  return new WithStartWorkflowOperation<typeof cutover>(CUTOVER_WORKFLOW, {
    workflowId: cutoverWorkflowId(migration),
    taskQueue: cutoverTaskQueue(migration),
    args: [{ migration, ...input }],
    workflowIdConflictPolicy: 'USE_EXISTING',
  });
}

function change<A>(
  update: UpdateDefinition<Policy, [A]>,
  args: A,
  { updateId = randomUUID(), input = {} }: { updateId?: string; input?: Partial<CutoverInput> } = {},
): Promise<Policy> {
  const startWorkflowOperation = start(input);
  return environment.client.workflow.executeUpdateWithStart(update, { args: [args], updateId, startWorkflowOperation });
}

function handle() {
  return environment.client.workflow.getHandle<typeof cutover>(cutoverWorkflowId(migration));
}

async function refusalOf(update: Promise<unknown>): Promise<{ type: string | undefined | null; message: string }> {
  const error = await update.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure)) {
    throw new Error('the update was not refused', { cause: error });
  }
  return { type: error.cause.type, message: error.cause.message };
}

describe('the policy', () => {
  test('begins with the switch off, 0 %, an empty whitelist and no failover, and Redis holds it', async () => {
    await environment.client.workflow.start<typeof cutover>(CUTOVER_WORKFLOW, {
      workflowId: cutoverWorkflowId(migration),
      taskQueue: cutoverTaskQueue(migration),
      args: [{ migration }],
    });
    await expect.poll(() => redis.copy).toEqual({ ...initialPolicy(''), updatedAt: expect.any(String) });
    await expect.poll(() => handle().query(cutoverQuery)).toMatchObject({ policy: redis.copy });
  });

  test('is made on first need by the first change to it', async () => {
    const policy = await change(setConsumptionUpdate, { ...BY, consumption: 'on' });
    expect(policy).toMatchObject({ version: 2, consumption: 'on', hundredths: 0, ...BY });
    expect(redis.publications).toEqual([1, 2]);
  });

  test('is in Redis with each change before that change is answered', async () => {
    const steps: readonly (readonly [() => Promise<Policy>, Partial<Policy>])[] = [
      [() => change(setConsumptionUpdate, { ...BY, consumption: 'on' }), { consumption: 'on' }],
      [() => change(setPercentageUpdate, { ...BY, hundredths: 29 }), { hundredths: 29 }],
      [() => change(allowUpdate, { ...BY, businessId: 'user-1' }), { allow: ['user-1'] }],
      [() => change(disallowUpdate, { ...BY, businessId: 'user-1' }), { allow: [] }],
      [() => change(setFailoverUpdate, { ...BY, failover: 'rocketmq' }), { failover: 'rocketmq' }],
    ];
    for (const [make, gives] of steps) {
      const policy = await make();
      expect(policy).toMatchObject(gives);
      expect(redis.copy).toEqual(policy);
    }
  });

  test('takes a start once, before the new side is opened, and keeps it over every later change', async () => {
    const migrationStart = { at: '2026-11-23T05:00:00.000Z', marginMs: 5_000, positions: { 0: '120', 1: '7' } };
    const set = (at: string) => change(setStartUpdate, { ...BY, start: { ...migrationStart, at } });
    expect(await set(migrationStart.at)).toMatchObject({ version: 2, start: migrationStart });
    expect(await set(migrationStart.at)).toMatchObject({ version: 2 });
    await expect(set('2026-11-23T05:00:01.000Z')).rejects.toMatchObject({
      cause: { type: 'policy-refused', message: expect.stringContaining('it is set once') },
    });
    expect(await change(setConsumptionUpdate, { ...BY, consumption: 'on' })).toMatchObject({ start: migrationStart });
    expect(redis.copy).toMatchObject({ version: 3, start: migrationStart });
    const { history } = await handle().query(cutoverQuery);
    expect(history.map((version) => version.start)).toEqual([undefined, migrationStart, undefined]);
  });

  test('is told with its history, the newest version last', async () => {
    await change(setConsumptionUpdate, { ...BY, consumption: 'on' });
    await change(allowUpdate, { actor: 'bob', reason: '', businessId: 'user-1' });
    const { policy, history } = await handle().query(cutoverQuery);
    expect(policy).toMatchObject({ version: 3, consumption: 'on', allow: ['user-1'], actor: 'bob' });
    expect(history.map(({ version, actor }) => [version, actor])).toEqual([
      [1, 'handover'],
      [2, 'ada'],
      [3, 'bob'],
    ]);
  });

  test('gets no new version from a change to what is so already, and the answer still says that Redis holds it', async () => {
    const first = await change(setPercentageUpdate, { ...BY, hundredths: 1_000 });
    redis.copy = undefined;
    const second = await change(setPercentageUpdate, { actor: 'bob', reason: 'again', hundredths: 1_000 });
    expect(second).toEqual(first);
    expect(redis.copy).toEqual(first);
  });
});

describe('a change', () => {
  test('that is nonsense is refused, and leaves no trace', async () => {
    await change(setConsumptionUpdate, { ...BY, consumption: 'on' });
    const { historyLength } = await handle().describe();
    expect(await refusalOf(change(setPercentageUpdate, { ...BY, hundredths: 10_001 }))).toMatchObject({
      type: 'policy-refused',
      message: expect.stringContaining('0 to 100'),
    });
    expect(await refusalOf(change(setPercentageUpdate, { actor: '', reason: '', hundredths: 1 }))).toMatchObject({
      type: 'policy-refused',
      message: expect.stringContaining('actor'),
    });
    expect(await refusalOf(change(setFailoverUpdate, { actor: 'ada', reason: '', failover: 'kafka' }))).toMatchObject({
      type: 'policy-refused',
      message: 'a failover needs a reason',
    });
    const nothing = undefined as unknown as { actor: string; reason: string; businessId: string };
    expect(await refusalOf(change(allowUpdate, nothing))).toMatchObject({ type: 'policy-refused' });
    expect(redis.copy?.version).toBe(2);
    expect((await handle().describe()).historyLength).toBe(historyLength);
  });

  test('for another version than the present one is refused as stale', async () => {
    await change(setConsumptionUpdate, { ...BY, consumption: 'on' });
    const stale = change(setPercentageUpdate, { ...BY, hundredths: 1_000, expectedVersion: 1 });
    expect(await refusalOf(stale)).toMatchObject({
      type: 'policy-stale',
      message: expect.stringContaining('at version 2, not 1'),
    });
    const policy = await change(setPercentageUpdate, { ...BY, hundredths: 1_000, expectedVersion: 2 });
    expect(policy.version).toBe(3);
  });

  test('is made one at a time: of many for one version, one is made and the others are stale', async () => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 8 }, (_, n) =>
        change(setPercentageUpdate, { actor: `racer-${n}`, reason: '', hundredths: n + 1, expectedVersion: 1 }),
      ),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') {
        expect(await refusalOf(Promise.reject(outcome.reason))).toMatchObject({ type: 'policy-stale' });
      }
    }
    expect(redis.publications).toEqual([1, 2]);
  });

  test('is published in the order of its version, however many come at once', async () => {
    const policies = await Promise.all(
      Array.from({ length: 8 }, (_, n) => change(allowUpdate, { ...BY, businessId: `user-${n}` })),
    );
    expect(policies.map(({ version }) => version).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 8 }, (_, n) => n + 2),
    );
    expect(redis.publications).toEqual(Array.from({ length: 9 }, (_, n) => n + 1));
    expect(redis.copy?.allow).toHaveLength(8);
  });

  test('is not answered while Redis is away, and is made when it is back', async () => {
    await change(setConsumptionUpdate, { ...BY, consumption: 'on' });
    redis.away = true;
    const pending = change(setPercentageUpdate, { ...BY, hundredths: 500 });
    let answered = false;
    void pending.then(() => {
      answered = true;
    });
    await expect
      .poll(async () => (await handle().describe()).raw.pendingActivities?.[0]?.lastFailure?.message, {
        timeout: 10_000,
      })
      .toBe('Redis is away');
    expect(answered).toBe(false);
    expect((await handle().query(cutoverQuery)).policy.version).toBe(2);
    redis.away = false;
    expect(await pending).toMatchObject({ version: 3, hundredths: 500 });
    expect(redis.copy?.version).toBe(3);
  });
});

describe('a change that its maker waits for until a certain time', () => {
  test('is made until then', async () => {
    const policy = await change(setPercentageUpdate, { ...BY, hundredths: 500, notAfter: redis.time });
    expect(policy).toMatchObject({ version: 2, hundredths: 500 });
  });

  test('is refused later, as its maker was told that it failed', async () => {
    const late = change(setPercentageUpdate, { ...BY, hundredths: 500, notAfter: redis.time - 1 });
    expect(await refusalOf(late)).toMatchObject({
      type: 'policy-refused',
      message: expect.stringContaining('too late'),
    });
    expect(redis.copy).toMatchObject({ version: 1, hundredths: 0 });
    expect((await handle().query(cutoverQuery)).policy.version).toBe(1);
  });

  test('is made if Redis held it in time, although the answer was lost', async () => {
    const { publish } = redis;
    let lost = 0;
    redis.publish = async (policy) => {
      const verdict = await publish.call(redis, policy);
      if (policy.version === 1 || lost > 0) return verdict;
      lost += 1;
      redis.time += 10_000;
      throw new Error('the answer was lost');
    };
    const policy = await change(setPercentageUpdate, { ...BY, hundredths: 500, notAfter: redis.time });
    expect(policy).toMatchObject({ version: 2, hundredths: 500 });
    expect(lost).toBe(1);
  });
});

describe('a lost memory', () => {
  const SEVENTH: Policy = {
    ...initialPolicy('2026-11-20T00:00:00.000Z'),
    version: 7,
    consumption: 'on',
    hundredths: 2_500,
    allow: ['user-1'],
    actor: 'eve',
    reason: 'last week',
  };

  test('of the workflow is made good from the copy in Redis: versions never go back', async () => {
    redis.copy = SEVENTH;
    const policy = await change(setPercentageUpdate, { ...BY, hundredths: 5_000 });
    expect(policy).toMatchObject({ version: 8, consumption: 'on', hundredths: 5_000, allow: ['user-1'] });
    expect(redis.publications).toEqual([8]);
  });

  test('of the workflow is never shown: a query before the comparison fails', async () => {
    redis.away = true;
    const first = await environment.client.workflow.startUpdateWithStart(setConsumptionUpdate, {
      args: [{ ...BY, consumption: 'off' }],
      startWorkflowOperation: start(),
      waitForStage: 'ACCEPTED',
    });
    await expect(handle().query(cutoverQuery)).rejects.toThrow('not known yet');
    redis.copy = SEVENTH;
    redis.away = false;
    expect(await first.result()).toMatchObject({ version: 8, consumption: 'off', hundredths: 2_500 });
  });

  test('found by a run that knows all it has published is taken over by nobody: changes are refused until a person decides', async () => {
    const mine = await change(setConsumptionUpdate, { ...BY, consumption: 'on' });
    redis.copy = SEVENTH;
    const refused = await refusalOf(change(setPercentageUpdate, { ...BY, hundredths: 1 }));
    expect(refused).toMatchObject({ type: 'policy-refused', message: expect.stringContaining('version 7') });
    expect(await handle().query(cutoverQuery)).toMatchObject({ policy: mine, foreignCopy: SEVENTH });
    expect(redis.copy).toEqual(SEVENTH);
  });

  test.each(['workflow', 'copy'] as const)('is settled by keeping the %s, at a version above both', async (keep) => {
    const mine = await change(setConsumptionUpdate, { ...BY, consumption: 'on' });
    redis.copy = SEVENTH;
    await handle().signal(republishSignal);
    await expect.poll(async () => (await handle().query(cutoverQuery)).foreignCopy).toEqual(SEVENTH);
    const other = change(settleForeignCopyUpdate, { ...BY, keep, foreignVersion: 6 });
    expect(await refusalOf(other)).toMatchObject({ type: 'policy-stale' });
    const kept = await change(settleForeignCopyUpdate, { ...BY, keep, foreignVersion: 7 });
    const { consumption, hundredths, allow } = keep === 'copy' ? SEVENTH : mine;
    expect(kept).toMatchObject({ version: 8, consumption, hundredths, allow, ...BY });
    expect(redis.copy).toEqual(kept);
    expect((await handle().query(cutoverQuery)).foreignCopy).toBeUndefined();
    expect(await change(allowUpdate, { ...BY, businessId: 'user-2' })).toMatchObject({ version: 9 });
  });

  test('is not there to be settled where there is none, and an answer without a reason is refused', async () => {
    await change(setConsumptionUpdate, { ...BY, consumption: 'on' });
    const none = change(settleForeignCopyUpdate, { ...BY, keep: 'copy', foreignVersion: 7 });
    expect(await refusalOf(none)).toMatchObject({ type: 'policy-refused' });
    const silent = change(settleForeignCopyUpdate, { actor: 'ada', reason: ' ', keep: 'copy', foreignVersion: 7 });
    expect(await refusalOf(silent)).toMatchObject({ message: 'this needs a reason' });
  });

  test('is still asked about after the run has continued as new', async () => {
    await change(setConsumptionUpdate, { ...BY, consumption: 'on' }, { input: { turnsPerRun: 2 } });
    const { runId } = await handle().describe();
    redis.copy = SEVENTH;
    await handle().signal(republishSignal);
    await expect.poll(async () => (await handle().describe()).runId).not.toBe(runId);
    await handle().signal(republishSignal);
    expect(await handle().query(cutoverQuery)).toMatchObject({ policy: { version: 2 }, foreignCopy: SEVENTH });
  });

  test('is taken over by a run that a reset has made, as the run before it may have published it', async () => {
    await change(setConsumptionUpdate, { ...BY, consumption: 'on' });
    const newer = await change(setPercentageUpdate, { ...BY, hundredths: 700 });
    const first = await handle().describe();
    const { events } = await handle().fetchHistory();
    const firstTask = events?.find((event) => event.workflowTaskCompletedEventAttributes != null);
    await environment.client.workflowService.resetWorkflowExecution({
      namespace: environment.client.options.namespace,
      workflowExecution: { workflowId: first.workflowId },
      workflowTaskFinishEventId: firstTask?.eventId ?? null,
      requestId: randomUUID(),
      reason: 'a test',
    });
    await expect.poll(async () => (await handle().query(cutoverQuery)).policy).toEqual(newer);
    expect((await handle().describe()).runId).not.toBe(first.runId);
    redis.copy = { ...newer, version: 9 };
    await handle().signal(republishSignal);
    await expect.poll(async () => (await handle().query(cutoverQuery)).foreignCopy).toMatchObject({ version: 9 });
  });

  test('of Redis is made good on request', async () => {
    const policy = await change(setConsumptionUpdate, { ...BY, consumption: 'on' });
    redis.copy = undefined;
    await handle().signal(republishSignal);
    await expect.poll(() => redis.copy).toEqual(policy);
  });
});

describe('continuing as new', () => {
  test('keeps policy, history and the answers to updates that a client may repeat', async () => {
    const input = { turnsPerRun: 2 };
    const updateId = randomUUID();
    const args = { ...BY, businessId: 'user-1', expectedVersion: 1 };
    const first = await change(allowUpdate, args, { updateId, input });
    const { runId } = await handle().describe();
    await change(disallowUpdate, { ...BY, businessId: 'user-1' });
    await expect.poll(async () => (await handle().describe()).runId).not.toBe(runId);

    await change(setConsumptionUpdate, { ...BY, consumption: 'on' });
    expect(await change(allowUpdate, args, { updateId })).toEqual(first);
    expect(first).toMatchObject({ version: 2, allow: ['user-1'] });
    const { policy, history } = await handle().query(cutoverQuery);
    expect(policy).toMatchObject({ version: 4, allow: [], consumption: 'on' });
    expect(history.map(({ version }) => version)).toEqual([1, 2, 3, 4]);
  });

  test('loses no update of those that arrive meanwhile', async () => {
    await change(setConsumptionUpdate, { ...BY, consumption: 'on' }, { input: { turnsPerRun: 3 } });
    const { runId } = await handle().describe();
    const policies = await Promise.all(
      Array.from({ length: 9 }, (_, n) => change(allowUpdate, { ...BY, businessId: `user-${n}` })),
    );
    expect(policies.map(({ version }) => version).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 9 }, (_, n) => n + 3),
    );
    expect((await handle().describe()).runId).not.toBe(runId);
    expect(redis.copy?.allow).toHaveLength(9);
  });
});
