import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SANDBOX } from '../../src/workers/temporal/temporal-workers.js';
import { bundleWorkflows, createLocalEnvironment } from '../support/temporal/temporal-environment.js';

/** The SDK's own limit for one call into the sandbox. Beyond it, and well below what the server gives a task. */
const SDK_LIMIT_MS = 5_000;
const STANDS_STILL_MS = 7_000;

const taskQueue = 'stand-still';
let environment: TestWorkflowEnvironment;
let workflowBundle: WorkflowBundleWithSourceMap;

beforeAll(async () => {
  [environment, workflowBundle] = await Promise.all([
    createLocalEnvironment(),
    bundleWorkflows('test/support/temporal/workflows/stand-still.ts'),
  ]);
});
afterAll(() => environment.teardown());

describe('a worker whose machine stands still while it runs a workflow', () => {
  it('goes on with the same task instead of being ended by the SDK after five seconds', async () => {
    const connection = environment.nativeConnection;
    const worker = await Worker.create({ connection, taskQueue, workflowBundle, ...SANDBOX });
    const handle = await worker.runUntil(async () => {
      const started = await environment.client.workflow.start('standStill', {
        taskQueue,
        workflowId: 'stands-still',
        args: [STANDS_STILL_MS],
      });
      expect(await started.result()).toBeGreaterThan(SDK_LIMIT_MS);
      return started;
    });
    const events = (await handle.fetchHistory()).events ?? [];
    expect(events.filter((event) => event.workflowTaskFailedEventAttributes != null)).toEqual([]);
    expect(events.filter((event) => event.workflowTaskScheduledEventAttributes != null)).toHaveLength(1);
  });
});
