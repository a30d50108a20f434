import { randomUUID } from 'node:crypto';
import { Client } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { createCutoverActivities } from '../../src/activities/cutover-activities.js';
import { initialPolicy, type Policy } from '../../src/domain/policy.js';
import { lookAfterPolicy, type PolicyKeeperOptions, startPolicyKeeper } from '../../src/workers/policy-keeper.js';
import type { cutover } from '../../src/workflows/cutover.js';
import { cutoverQuery, setPercentageUpdate } from '../../src/workflows/cutover-contract.js';
import { cutoverTaskQueue, cutoverWorkflowId } from '../../src/workflows/names.js';
import { FakePolicyStore } from '../support/fake-policy-store.js';
import { bundleWorkflows, createLocalEnvironment } from '../support/temporal-environment.js';

let environment: TestWorkflowEnvironment;
let workflowBundle: WorkflowBundleWithSourceMap;
let migration: string;
let worker: Worker;
let running: Promise<void>;
let store: FakePolicyStore;
let logged: string[];
let options: PolicyKeeperOptions;

beforeAll(async () => {
  [environment, workflowBundle] = await Promise.all([createLocalEnvironment(), bundleWorkflows()]);
});

afterAll(() => environment.teardown());

beforeEach(async () => {
  migration = `m-${randomUUID().slice(0, 8)}`;
  store = new FakePolicyStore();
  logged = [];
  const note = (_: object, message: string) => void logged.push(message);
  options = {
    migration,
    // As in a worker process, which has no other connection.
    client: new Client({ connection: environment.nativeConnection }),
    policyStore: store,
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

test('never puts an older version in the place of a newer one, but has the workflow go on from that', async () => {
  const policy = await atVersion2();
  const newer = { ...policy, version: 9, consumption: 'on' as const };
  store.copy = newer;
  await lookAfterPolicy(options);
  await expect.poll(async () => (await handle().query(cutoverQuery)).policy).toEqual(newer);
  expect(store.copy).toEqual(newer);
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
