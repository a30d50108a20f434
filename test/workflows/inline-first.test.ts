import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { attemptsIn } from '../../src/activities/earlier-attempts.js';
import type { SeekResult } from '../../src/activities/ownership.js';
import type { MessageInput } from '../../src/domain/run.js';
import { messageStartOptions } from '../../src/intake/start-options.js';
import { deliveredSignal, resolveUpdate } from '../../src/workflows/message/contract.js';
import { MESSAGE_WORKFLOW, sideTaskQueue } from '../../src/workflows/names.js';
import {
  elsewhere,
  fakeActivities,
  granted,
  type MessageActivities,
  notExecuted,
  notExecutedInline,
  unknown,
} from '../support/temporal/fake-activities.js';
import {
  createMessageRunner,
  inlineFirst,
  type MessageRun,
  type MessageRunner,
  messageInput,
} from '../support/temporal/message-runner.js';
import { bundleWorkflows, createLocalEnvironment } from '../support/temporal/temporal-environment.js';

let environment: TestWorkflowEnvironment;
let bundle: WorkflowBundleWithSourceMap;
let withMessage: MessageRunner;

beforeAll(async () => {
  environment = await createLocalEnvironment();
  bundle = await bundleWorkflows();
  withMessage = createMessageRunner(environment, bundle);
});
afterAll(async () => {
  await environment.teardown();
});

const names = ({ calls }: MessageRun): string[] => calls.map(({ activity }) => activity);

function callTo({ calls }: MessageRun, activity: keyof MessageActivities): unknown {
  return calls.find((call) => call.activity === activity)?.request;
}

describe('the first attempt within the first workflow task', () => {
  it('rewards a message in at most 8 history events, without any activity task', async () => {
    await withMessage(
      {},
      async (run) => {
        expect(await run.result()).toMatchObject({ outcome: 'granted', owner: 'kafka', round: 1, attempt: 1 });
        expect(names(run)).toEqual(['seek', 'rewardInline']);
        expect(callTo(run, 'rewardInline')).toMatchObject({ owner: 'kafka', witness: { epoch: 'e1', server: 's1' } });
        const { events = [] } = await run.handle.fetchHistory();
        expect(events?.length).toBeLessThanOrEqual(8);
        expect(events?.filter((event) => event.activityTaskScheduledEventAttributes != null)).toEqual([]);
      },
      inlineFirst,
    );
  });

  it('may last longer than a workflow task', async () => {
    const rewardInline = async (): Promise<typeof granted> => {
      await new Promise((resolve) => setTimeout(resolve, 8_000));
      return granted;
    };
    await withMessage(
      { rewardInline },
      async (run) => {
        expect(await run.result()).toMatchObject({ outcome: 'granted', attempt: 1 });
        expect(names(run)).toEqual(['seek', 'rewardInline']);
        const { events = [] } = await run.handle.fetchHistory();
        expect(events?.some((event) => event.workflowTaskTimedOutEventAttributes != null)).toBe(false);
      },
      (input) => inlineFirst({ ...input, settings: { ...input.settings, attemptTimeoutMs: 15_000 } }),
      { workflowTaskTimeout: '5 s' },
    );
  });

  it('is settled by the workflow where the ledger did not take the answer', async () => {
    await withMessage(
      { rewardInline: async () => ({ ...granted, settled: false }) as typeof granted },
      async (run) => {
        expect((await run.result()).outcome).toBe('granted');
        expect(callTo(run, 'settle')).toMatchObject({ outcome: 'granted', round: 1, attempt: 1 });
      },
      inlineFirst,
    );
  });

  it('parks the message where its outcome is unknown', async () => {
    await withMessage(
      { rewardInline: async () => unknown },
      async (run) => {
        await vi.waitFor(async () => expect(await run.state()).toBe('parked'), 10_000);
        expect(names(run)).toEqual(['seek', 'rewardInline', 'park']);
        await run.handle.executeUpdate(resolveUpdate, {
          args: [{ round: 1, resolution: 'resend', force: true, actor: 'ann', reason: 'asked the provider' }],
        });
        expect(await run.result()).toMatchObject({ outcome: 'granted', round: 2 });
        expect(callTo(run, 'reward')).toMatchObject({ round: 2 });
        expect(callTo(run, 'reward')).not.toHaveProperty('attemptsBefore');
      },
      inlineFirst,
    );
  });
});

describe('surely not executed', () => {
  it('goes on as an ordinary activity, which counts on and retries, after as long as the provider asked for', async () => {
    let attempts = 0;
    await withMessage(
      {
        rewardInline: async () => notExecutedInline,
        reward: async () => (++attempts < 2 ? notExecuted() : { ...granted, attempt: 3 }),
      },
      async (run) => {
        expect(await run.result()).toMatchObject({ outcome: 'granted', attempt: 3 });
        expect(names(run)).toEqual(['seek', 'rewardInline', 'reward', 'reward']);
        expect(callTo(run, 'reward')).toMatchObject({ round: 1, attemptsBefore: 1 });
        expect(await run.state()).toBe('retrying');
        const { events = [] } = await run.handle.fetchHistory();
        const [timer] = (events ?? []).flatMap(({ timerStartedEventAttributes: started }) => started ?? []);
        expect(timer?.startToFireTimeout).toMatchObject({ nanos: 30_000_000 });
        const scheduled = (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: one }) => one ?? []);
        expect(scheduled).toHaveLength(1);
        expect(scheduled[0]?.retryPolicy?.maximumAttempts).toBe(2);
      },
      inlineFirst,
    );
  });

  it('parks, resendable at once, where no attempt is left', async () => {
    await withMessage(
      { rewardInline: async () => notExecutedInline },
      async (run) => {
        await vi.waitFor(async () => expect(await run.state()).toBe('parked'), 10_000);
        expect(callTo(run, 'park')).toMatchObject({
          attempt: 1,
          evidence: { detail: expect.stringContaining('retries exhausted'), resendAfter: 0 },
        });
        expect(run.called('reward')).toBe(0);
      },
      (input) =>
        inlineFirst({
          ...input,
          settings: { ...input.settings, retry: { ...input.settings.retry, maximumAttempts: 1 } },
        }),
    );
  });

  it('as the workflow was with a worker of the other side: an ordinary activity at once, with all its attempts', async () => {
    await withMessage(
      { rewardInline: async () => elsewhere, reward: async () => ({ ...granted, attempt: 2 }) },
      async (run) => {
        expect(await run.result()).toMatchObject({ outcome: 'granted', attempt: 2 });
        expect(callTo(run, 'reward')).toMatchObject({ attemptsBefore: 1 });
        expect(await run.state()).toBe('processing');
        const { events = [] } = await run.handle.fetchHistory();
        expect(events?.filter((event) => event.timerStartedEventAttributes != null)).toEqual([]);
        const scheduled = (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: one }) => one ?? []);
        expect(scheduled[0]?.retryPolicy?.maximumAttempts).toBe(3);
      },
      inlineFirst,
    );
  });
});

describe('a worker that dies in the middle of it', () => {
  it('has it executed again without a count, and the history says that it may have been made', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'handover-inline-'));
    const codePath = join(folder, 'bundle.js');
    await writeFile(codePath, bundle.code);
    const input = inlineFirst(messageInput());
    const taskQueue = sideTaskQueue(input.migration, 'kafka');
    const script = fileURLToPath(new URL('../support/temporal/killable-worker.ts', import.meta.url));
    const child = spawn(process.execPath, ['--import', 'tsx', script, environment.address, taskQueue, codePath], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const { activities, calls } = fakeActivities({
      // As the real one answers, whose ledger knows that another execution began.
      rewardInline: async () => unknown,
    });
    const options = messageStartOptions({
      input,
      body: new Uint8Array([123, 125]),
      side: 'kafka',
      state: 'processing',
    });
    try {
      const handle = await environment.client.workflow.start(MESSAGE_WORKFLOW, {
        ...options,
        workflowTaskTimeout: '2 s',
      });
      await once(child.stdout, 'data');
      child.kill('SIGKILL');
      await once(child, 'exit');
      // Not one event of what was begun.
      const { events } = await handle.fetchHistory();
      expect(events?.some((event) => event.markerRecordedEventAttributes != null)).toBe(false);
      expect(attemptsIn({ events: events ?? [] })).toEqual({ attempted: true, owner: 'kafka' });
      const worker = await Worker.create({
        connection: environment.nativeConnection,
        taskQueue,
        workflowBundle: bundle,
        activities,
      });
      await worker.runUntil(async () => {
        await vi.waitFor(
          async () => expect((await handle.describe()).searchAttributes['HandoverState']).toEqual(['parked']),
          30_000,
        );
      });
      expect(calls.map(({ activity }) => activity)).toEqual(['seek', 'rewardInline', 'park']);
      await handle.terminate('the test is over');
    } finally {
      child.kill('SIGKILL');
      await rm(folder, { recursive: true });
    }
  });
});

describe('is made by an ordinary activity', () => {
  const ordinary: readonly (readonly [string, Partial<MessageActivities>, (input: MessageInput) => MessageInput])[] = [
    ['without a witness', {}, (input) => ({ ...inlineFirst(input), witness: undefined as never })],
    ['unless it is configured', {}, (input) => ({ ...input, witness: { epoch: 'e1', server: 's1' } })],
    [
      'where it was taken over from a closed run',
      { takeOver: async () => ({ found: 'clean', owner: 'kafka', round: 1 }) },
      // `resume` gives no witness.
      (input) => ({
        ...inlineFirst(input),
        witness: undefined as never,
        resumes: { fromRun: 'old', attempted: false },
      }),
    ],
  ];

  it.each(ordinary)('%s', async (_name, told, change) => {
    await withMessage(
      told,
      async (run) => {
        expect((await run.result()).outcome).toBe('granted');
        expect(run.called('rewardInline')).toBe(0);
        expect(run.called('reward')).toBe(1);
      },
      change,
    );
  });
});

describe('a run with a witness that finds its message decided anew', () => {
  it.each<SeekResult>([
    { found: 'waiting', owner: 'rocketmq', why: 'rocketmq is not past it' },
    { found: 'before-start', owner: 'rocketmq' },
  ])('$found: takes it that it has sent for its first owner', async (seen) => {
    await withMessage(
      { seek: async () => seen },
      async (run) => {
        await run.handle.signal(deliveredSignal, { side: 'rocketmq', receivedAt: 2 });
        await vi.waitFor(async () => expect(await run.state()).toBe('parked'), 10_000);
        expect(names(run)).toEqual(['seek', 'park']);
        expect(callTo(run, 'park')).toMatchObject({ owner: 'kafka', round: 1 });
      },
      inlineFirst,
    );
  });

  it('asks for its first owner only, whoever has delivered it too', async () => {
    const both = [
      { side: 'kafka', receivedAt: 1 },
      { side: 'rocketmq', receivedAt: 2 },
    ] as const;
    await withMessage(
      {},
      async (run) => {
        expect((await run.result()).outcome).toBe('granted');
        expect(callTo(run, 'seek')).toMatchObject({ delivered: [{ side: 'kafka' }] });
      },
      (input) => ({ ...inlineFirst(input), delivered: both }),
    );
  });
});
