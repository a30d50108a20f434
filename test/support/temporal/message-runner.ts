import { randomUUID } from 'node:crypto';
import type { WorkflowHandle, WorkflowStartOptions } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import type { MessageInput } from '../../../src/domain/run.js';
import { messageStartOptions } from '../../../src/intake/start-options.js';
import type { MessageResult } from '../../../src/workflows/message/contract.js';
import { MESSAGE_WORKFLOW, sideTaskQueue } from '../../../src/workflows/names.js';
import { fakeActivities, type MessageActivities } from './fake-activities.js';

export interface MessageRun {
  readonly handle: WorkflowHandle;
  readonly calls: ReturnType<typeof fakeActivities>['calls'];
  readonly called: (activity: keyof MessageActivities) => number;
  readonly state: () => Promise<unknown>;
  readonly result: () => Promise<MessageResult>;
}

export type MessageRunner = (
  told: Partial<MessageActivities>,
  check: (run: MessageRun) => Promise<void>,
  change?: (input: MessageInput) => MessageInput,
  options?: Pick<WorkflowStartOptions, 'workflowTaskTimeout'>,
) => Promise<void>;

const newMigration = (): string => `m-${randomUUID().slice(0, 8)}`;

/** A message that its owner, kafka, delivers. */
export function messageInput(migration = newMigration()): MessageInput {
  return {
    migration,
    messageId: randomUUID(),
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
}

/** Runs one message on workers of both sides, with activities that answer as told. */
export function createMessageRunner(
  environment: TestWorkflowEnvironment,
  workflowBundle: WorkflowBundleWithSourceMap,
): MessageRunner {
  return async (told, check, change = (input) => input, options = {}) => {
    const migration = newMigration();
    const { activities, calls } = fakeActivities(told);
    const workers = await Promise.all(
      (['kafka', 'rocketmq'] as const).map((side) =>
        Worker.create({
          connection: environment.nativeConnection,
          taskQueue: sideTaskQueue(migration, side),
          workflowBundle,
          activities,
        }),
      ),
    );
    const input = change(messageInput(migration));
    const side = input.delivered[0]?.side ?? 'kafka';
    const start = messageStartOptions({
      input,
      body: new TextEncoder().encode('{"amount":5}'),
      side,
      state: side === input.decision.owner ? 'processing' : 'waiting',
    });
    const runs = workers.map((worker) => worker.run());
    try {
      const handle = await environment.client.workflow.start(MESSAGE_WORKFLOW, { ...start, ...options });
      await check({
        handle,
        calls,
        called: (activity) => calls.filter((call) => call.activity === activity).length,
        state: async () => (await handle.describe()).searchAttributes?.['HandoverState']?.[0],
        result: async () => (await handle.result()) as MessageResult,
      });
    } finally {
      await environment.client.workflow
        .getHandle(input.messageId)
        .terminate('the test is over')
        .catch(() => undefined);
      for (const worker of workers) worker.shutdown();
      await Promise.all(runs);
    }
  };
}

/** The message as Kafka delivers it while `rocketmq` owns it. */
export const deliveredByKafka = (input: MessageInput): MessageInput => ({
  ...input,
  decision: { owner: 'rocketmq', reason: 'whitelisted', policyVersion: 1 },
});

/** The message as intake starts it where first attempts are made within the first workflow task. */
export const inlineFirst = (input: MessageInput): MessageInput => ({
  ...input,
  settings: { ...input.settings, dispatch: 'inline-first' },
  witness: { epoch: 'e1', server: 's1' },
});
