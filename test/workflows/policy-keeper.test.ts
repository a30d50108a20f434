import { randomUUID } from 'node:crypto';
import { Client } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { createCutoverActivities } from '../../src/activities/policy.js';
import { initialPolicy, type Policy } from '../../src/domain/policy/policy.js';
import type { CopyPutRight } from '../../src/ledger/redis/stores/audit.js';
import { lookAfterPolicy, type PolicyKeeperOptions, startPolicyKeeper } from '../../src/workers/policy-keeper.js';
import { cutoverQuery, setPercentageUpdate, settleForeignCopyUpdate } from '../../src/workflows/cutover/contract.js';
import type { cutover } from '../../src/workflows/cutover/cutover.js';
import { cutoverTaskQueue, cutoverWorkflowId } from '../../src/workflows/names.js';
import { FakePolicyStore } from '../support/ledger/fake-policy-store.js';
import { bundleWorkflows, createLocalEnvironment } from '../support/temporal/temporal-environment.js';

let environment: TestWorkflowEnvironment;
let workflowBundle: WorkflowBundleWithSourceMap;
let migration: string;
let worker: Worker;
let running: Promise<void>;
let store: FakePolicyStore;
let logged: string[];
let audited: CopyPutRight[];
let options: PolicyKeeperOptions;

beforeAll(async () => {
  [environment, workflowBundle] = await Promise.all([createLocalEnvironment(), bundleWorkflows()]);
});

afterAll(() => environment.teardown());

beforeEach(async () => {
  migration = `m-${randomUUID().slice(0, 8)}`;
  store = new FakePolicyStore();
  logged = [];
  audited = [];
  const note = (_: object, message: string) => void logged.push(message);
  options = {
    migration,
    // As in a worker process, which has no other connection.
    client: new Client({ connection: environment.nativeConnection }),
    policyStore: store,
    audit: { copyPutRight: async (entry) => void audited.push(entry) },
    log: { debug: note, info: note, warn: note, error: note },
  };
  worker = await Worker.create({
    connection: environment.nativeConnection,
    taskQueue: cutoverTaskQueue(migration),
    workflowBundle,
    activities: { ...createCutoverActivities({ policyStore: store }) },
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

/** The workflow at version 2, and Redis with it. */
async function atVersion2(): Promise<Policy> {
  await lookAfterPolicy(options);
  return handle().executeUpdate(setPercentageUpdate, { args: [{ actor: 'ada', reason: '', hundredths: 1_000 }] });
}

test('makes the workflow where there is none, and Redis comes to hold the first policy', async () => {
  await lookAfterPolicy(options);
  await expect.poll(() => store.copy).toEqual({ ...initialPolicy(''), updatedAt: expect.any(String) });
  expect(logged).toEqual(['made the cutover workflow, as there was none']);
});

test('does nothing while both are the same', async () => {
  const policy = await atVersion2();
  await lookAfterPolicy(options);
  expect(store.copy).toEqual(policy);
  expect(store.publications).toEqual([1, 2]);
});

test('brings back a copy that was lost or rolled back', async () => {
  const policy = await atVersion2();
  store.copy = undefined;
  await lookAfterPolicy(options);
  expect(store.copy).toEqual(policy);
  store.copy = initialPolicy('2026-11-20T00:00:00.000Z');
  await lookAfterPolicy(options);
  expect(store.copy).toEqual(policy);
});

test('finds a copy of the right version with other contents, puts it right and tells of it', async () => {
  const policy = await atVersion2();
  store.copy = { ...policy, hundredths: 10_000, actor: 'mallory' };
  expect(await lookAfterPolicy(options)).toEqual({ found: 'changed', version: 2 });
  expect(store.copy).toEqual(policy);
  expect(audited).toEqual([{ version: 2, found: 'changed', wrong: ['actor', 'hundredths'] }]);
  expect(logged.at(-1)).toContain('another hand had changed the copy');
  expect(await lookAfterPolicy(options)).toEqual({ found: 'agreed', version: 2 });
});

test('takes a copy of another order, or of a build that knows more, for the same', async () => {
  const policy = await atVersion2();
  const { version, ...rest } = policy;
  store.copy = { ...rest, later: 'unknown here', version } as Policy;
  expect(await lookAfterPolicy(options)).toEqual({ found: 'agreed', version: 2 });
});

test('is in doubt about a newer copy that the running workflow never made, until a person has decided', async () => {
  const policy = await atVersion2();
  const forged = { ...policy, version: 9, hundredths: 10_000, actor: 'mallory' };
  store.copy = forged;
  let passed = 0;
  const keeper = startPolicyKeeper({
    ...options,
    pause: async () => {
      passed += 1;
    },
  });
  await expect.poll(() => keeper.doubt()).toContain('version 9, said to be by mallory');
  expect(keeper.agreed()).toBeUndefined();
  expect((await handle().query(cutoverQuery)).policy).toEqual(policy);
  expect(store.copy).toEqual(forged);
  const looks = passed;
  await expect.poll(() => passed).toBeGreaterThan(looks + 3);
  expect(keeper.doubt()).toContain('version 9');

  const clear = keeper.whenClear(new AbortController().signal);
  const kept = await handle().executeUpdate(settleForeignCopyUpdate, {
    args: [{ actor: 'ada', reason: 'forged', keep: 'workflow', foreignVersion: 9 }],
  });
  await clear;
  expect(kept).toMatchObject({ version: 10, hundredths: policy.hundredths, actor: 'ada' });
  await expect.poll(() => keeper.agreed()).toMatchObject({ version: 10 });
  expect(store.copy).toEqual(kept);
  await keeper.stop();
});

test('is in doubt no more once such a copy was taken away', async () => {
  const policy = await atVersion2();
  store.copy = { ...policy, version: 9 };
  const keeper = startPolicyKeeper({ ...options, pause: async () => undefined });
  await expect.poll(() => keeper.doubt()).toContain('version 9');
  store.copy = undefined;
  await expect.poll(() => keeper.doubt()).toBeUndefined();
  await expect.poll(() => keeper.agreed()).toMatchObject({ version: 2 });
  await expect.poll(async () => (await handle().query(cutoverQuery)).foreignCopy).toBeUndefined();
  await keeper.stop();
});

test('makes a workflow that was ended anew, with the policy that Redis still holds', async () => {
  const policy = await atVersion2();
  await handle().terminate('by mistake');
  await lookAfterPolicy(options);
  await expect.poll(async () => (await handle().query(cutoverQuery)).policy).toEqual(policy);
  expect((await handle().describe()).status.name).toBe('RUNNING');
});

test('goes on after a look that failed, says so once, and ends when it is stopped', async () => {
  const policy = await atVersion2();
  store.copy = undefined;
  store.away = true;
  let looks = 0;
  const keeper = startPolicyKeeper({
    ...options,
    pause: async () => {
      looks += 1;
      store.away = looks < 3;
    },
  });
  await expect.poll(() => store.copy).toEqual(policy);
  await keeper.stop();
  expect(logged.filter((line) => line === 'the policy could not be looked after')).toHaveLength(1);
  expect(logged).toContain('the policy is looked after again');
  const atStop = looks;
  await new Promise((resolve) => setImmediate(resolve));
  expect(looks).toBe(atStop);
});
