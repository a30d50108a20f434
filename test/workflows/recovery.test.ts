import { randomUUID } from 'node:crypto';
import { Context, heartbeat } from '@temporalio/activity';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createCutoverActivities } from '../../src/activities/policy.js';
import { type LossReport, NOTHING_RESTORED } from '../../src/domain/ledger/ledger-health.js';
import type {
  ClosedRequest,
  LookAgainRequest,
  RecoveryActivities,
  RecoveryRequest,
} from '../../src/recovery/contract.js';
import { cutoverQuery, ledgerLostSignal, republishSignal } from '../../src/workflows/cutover/contract.js';
import type { cutover } from '../../src/workflows/cutover/cutover.js';
import { cutoverStartOptions } from '../../src/workflows/cutover/start.js';
import { CUTOVER_WORKFLOW, cutoverTaskQueue, cutoverWorkflowId } from '../../src/workflows/names.js';
import { FakePolicyStore } from '../support/ledger/fake-policy-store.js';
import { bundleWorkflows, createLocalEnvironment } from '../support/temporal/temporal-environment.js';

const NOTHING_REBUILT = { restored: NOTHING_RESTORED, failed: { count: 0, first: [] } };
const whenCancelled = (): Promise<never> => Context.current().cancelled;

let environment: TestWorkflowEnvironment;
let workflowBundle: WorkflowBundleWithSourceMap;
let migration: string;
let worker: Worker;
let running: Promise<void>;
let store: FakePolicyStore;
let recoveries: RecoveryRequest[];
/** Awaited by each recovery before it ends. */
let mayEnd: Promise<void>;
/** What each part of a recovery was asked for, and how each second part ended. */
let opened: Omit<RecoveryRequest, 'first'>[];
let closed: ClosedRequest[];
let cancelled: string[];
let lookedAgain: LookAgainRequest[];
/** Awaited by each second part before it ends. */
let mayClose: Promise<void>;

beforeAll(async () => {
  [environment, workflowBundle] = await Promise.all([createLocalEnvironment(), bundleWorkflows()]);
});
afterAll(() => environment.teardown());

beforeEach(async () => {
  migration = `m-${randomUUID().slice(0, 8)}`;
  store = new FakePolicyStore();
  recoveries = [];
  mayEnd = Promise.resolve();
  mayClose = Promise.resolve();
  [opened, closed, cancelled, lookedAgain] = [[], [], [], []];
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
    async recoverOpen(request) {
      opened.push(request);
      await mayEnd;
      return { since: request.since, openedAt: 100, rebuilt: NOTHING_REBUILT };
    },
    async recoverClosed(request) {
      closed.push(request);
      const beat = setInterval(() => heartbeat(), 100);
      try {
        await Promise.race([mayClose, whenCancelled()]);
      } catch (error) {
        cancelled.push(request.epoch);
        throw error;
      } finally {
        clearInterval(beat);
      }
      const { why, since } = request;
      return { recovery: { why, since, startedAt: 1, endedAt: 2, restored: NOTHING_RESTORED }, remembersSince: 7 };
    },
    async lookAgain(request) {
      lookedAgain.push(request);
      return NOTHING_RESTORED;
    },
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
    await vi.waitFor(() => expect(opened).toHaveLength(1), { timeout: 20_000 });
    expect((await handle().query(cutoverQuery)).ledger?.phase).toBe('recovering');
    end();
    const second = await whenIntact(1);
    expect(second?.epoch).not.toBe(first?.epoch);
    expect(opened[0]).toMatchObject({ since: 5, why: 'it went back', epoch: second?.epoch });
    expect(closed).toMatchObject([{ since: 5, openedAt: 100, epoch: second?.epoch }]);
    expect(second?.remembersSince).toBe(7);
    await report(loss);
    expect((await whenIntact(1))?.epoch).toBe(second?.epoch);
  });

  test('lets all go on with the policy once what is open is known, and ends when what has closed is', async () => {
    await report({ why: 'the ledger shows no epoch' });
    const first = await whenIntact(1);
    let end = (): void => undefined;
    mayClose = new Promise((resolve) => {
      end = resolve;
    });
    store.copy = undefined;
    await report({ epoch: first?.epoch ?? '', why: 'all of it is lost' });
    await vi.waitFor(() => expect(store.copy?.version).toBe(1), { timeout: 20_000 });
    await vi.waitFor(() => expect(closed).toHaveLength(1), { timeout: 20_000 });
    const { ledger } = await handle().query(cutoverQuery);
    expect(ledger).toMatchObject({ phase: 'partial', remembersSince: 0, unfinished: { since: null } });
    end();
    const whole = await whenIntact(1);
    expect(whole).toEqual({ epoch: ledger?.epoch, phase: 'intact', remembersSince: 7 });
    await vi.waitFor(() => expect(lookedAgain).toMatchObject([{ since: 100, thorough: true }]), { timeout: 60_000 });
  });

  test('begins anew at a loss while what has closed is missing, and goes back as far as that', async () => {
    await report({ why: 'the ledger shows no epoch' });
    const first = await whenIntact(1);
    let end = (): void => undefined;
    mayClose = new Promise((resolve) => {
      end = resolve;
    });
    await report({ epoch: first?.epoch ?? '', since: 5, why: 'it went back' });
    await vi.waitFor(() => expect(closed).toHaveLength(1), { timeout: 20_000 });
    const partial = (await handle().query(cutoverQuery)).ledger;
    const again: LossReport = { epoch: partial?.epoch ?? '', since: 9, why: 'another Redis server answers' };
    await Promise.all([report(again), report(again)]);
    await vi.waitFor(() => expect(closed).toHaveLength(2), { timeout: 20_000 });
    expect(opened).toMatchObject([{ since: 5 }, { since: 5, why: 'another Redis server answers' }]);
    await vi.waitFor(() => expect(cancelled).toEqual([partial?.epoch]), { timeout: 20_000 });
    end();
    const whole = await whenIntact(1);
    expect(whole?.epoch).toBe(opened[1]?.epoch);
    expect(opened).toHaveLength(2);
  });

  test('puts the policy back after a loss', async () => {
    await report({ why: 'the ledger shows no epoch' });
    const first = await whenIntact(1);
    store.copy = undefined;
    await report({ epoch: first?.epoch ?? '', why: 'all of it is lost' });
    await vi.waitFor(() => expect(store.copy?.version).toBe(1), { timeout: 20_000 });
    expect(opened).toMatchObject([{ since: null }]);
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
