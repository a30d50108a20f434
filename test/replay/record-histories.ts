/**
 * Records the histories that test/replay/replay.test.ts replays. Run it only when a new path is to be covered, and for that
 * alone (`npx tsx test/replay/record-histories.ts sent-again-by-lookup`); without a name it records all of them: a history that no longer replays is what the test is there to find, and the workflow
 * is to be mended (or patched), not the record.
 */
import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { createCutoverActivities } from '../../src/activities/policy.js';
import type { MessageInput } from '../../src/domain/run.js';
import { temporalCli } from '../../src/local/stack/components/programs.js';
import {
  allowUpdate,
  disallowUpdate,
  republishSignal,
  setConsumptionUpdate,
  setFailoverUpdate,
  setPercentageUpdate,
} from '../../src/workflows/cutover/contract.js';
import { cutoverStartOptions } from '../../src/workflows/cutover/start.js';
import { deliveredSignal, resolveUpdate } from '../../src/workflows/message/contract.js';
import { CUTOVER_WORKFLOW, cutoverTaskQueue } from '../../src/workflows/names.js';
import { FakePolicyStore } from '../support/ledger/fake-policy-store.js';
import {
  claimedByRocketmq,
  elsewhere,
  granted,
  type MessageActivities,
  notExecuted,
  notExecutedInline,
  unknown,
  waitingForRocketmq,
} from '../support/temporal/fake-activities.js';
import {
  createMessageRunner,
  deliveredByKafka,
  inlineFirst,
  type MessageRun,
} from '../support/temporal/message-runner.js';
import { bundleWorkflows, createLocalEnvironment } from '../support/temporal/temporal-environment.js';

interface Scenario {
  readonly name: string;
  /** Made anew for each run, as some count their calls. */
  readonly told: () => Partial<MessageActivities>;
  readonly drive?: (run: MessageRun) => Promise<unknown>;
  readonly change?: (input: MessageInput) => MessageInput;
}

const answer = { actor: 'ann', reason: 'asked the provider' };

async function parked({ handle, called }: MessageRun, round: number): Promise<void> {
  while (called('park') < round) await new Promise((resolve) => setTimeout(resolve, 50));
  // The search attribute is set in the same task that parks: once it shows, the task is in the history.
  for (;;) {
    const { searchAttributes } = await handle.describe();
    if (searchAttributes['HandoverState']?.[0] === 'parked') return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const saysAbsent: MessageActivities['lookup'] = async () => ({ result: 'absent', askedAt: Date.now(), marked: true });

const withLookup = (input: MessageInput): MessageInput => ({
  ...input,
  settings: { ...input.settings, lookup: true, settlesWithinMs: 300, attemptTimeoutMs: 1_500 },
});

const scenarios: readonly Scenario[] = [
  { name: 'granted-at-once', told: () => ({}) },
  {
    name: 'settled-by-the-workflow',
    told: () => ({ reward: async () => ({ ...granted, settled: false }) as typeof granted }),
  },
  {
    name: 'retried',
    told: () => {
      let attempts = 0;
      return { reward: async () => (++attempts < 3 ? notExecuted() : granted) };
    },
  },
  {
    name: 'waited-for-the-owner',
    told: () => ({
      seek: async ({ delivered }) => (delivered.length > 1 ? claimedByRocketmq : waitingForRocketmq),
    }),
    drive: async ({ handle, called }) => {
      while (called('seek') < 3) await new Promise((resolve) => setTimeout(resolve, 50));
      await handle.signal(deliveredSignal, { side: 'rocketmq', receivedAt: 2 });
    },
    change: deliveredByKafka,
  },
  {
    name: 'adopted',
    told: () => {
      let looks = 0;
      return {
        seek: async () =>
          ++looks < 3
            ? waitingForRocketmq
            : { found: 'claimed', owner: 'kafka', reason: 'adopted: rocketmq is past it', adopted: true },
      };
    },
    change: deliveredByKafka,
  },
  {
    name: 'parked-and-resolved-as-granted',
    told: () => ({ reward: async () => unknown }),
    drive: async (run) => {
      await parked(run, 1);
      await run.handle.executeUpdate(resolveUpdate, { args: [{ round: 1, resolution: 'granted', ...answer }] });
    },
  },
  {
    name: 'parked-and-sent-again',
    told: () => {
      let rounds = 0;
      return { reward: async () => (++rounds < 2 ? unknown : granted) };
    },
    drive: async (run) => {
      await parked(run, 1);
      await run.handle.executeUpdate(resolveUpdate, {
        args: [{ round: 1, resolution: 'resend', givenAt: Date.now(), ...answer }],
      });
    },
  },
  {
    name: 'parked-with-retries-exhausted',
    told: () => ({ reward: async () => notExecuted() }),
    drive: async (run) => {
      await parked(run, 1);
      await run.handle.executeUpdate(resolveUpdate, { args: [{ round: 1, resolution: 'abandon', ...answer }] });
    },
  },
  {
    name: 'found-by-lookup',
    told: () => {
      let asked = 0;
      return {
        reward: async () => unknown,
        lookup: async () => ({ result: ++asked < 2 ? 'absent' : 'granted', askedAt: 900 }),
      };
    },
    change: (input) => ({ ...input, settings: { ...input.settings, lookup: true, settlesWithinMs: 1_000 } }),
  },
  {
    name: 'sent-again-by-lookup',
    told: () => {
      let rounds = 0;
      return { reward: async () => (++rounds < 2 ? unknown : granted), lookup: saysAbsent };
    },
    change: withLookup,
  },
  {
    name: 'left-open-by-lookup',
    told: () => ({
      reward: async () => unknown,
      lookup: async () => ({ result: 'unknown', askedAt: 900, inVain: true }),
    }),
    drive: async (run) => {
      await parked(run, 1);
      await run.handle.executeUpdate(resolveUpdate, { args: [{ round: 1, resolution: 'granted', ...answer }] });
    },
    change: withLookup,
  },
  {
    name: 'abandoned-and-granted-before',
    told: () => ({ reward: async () => unknown, settle: async () => 'granted' }),
    drive: async (run) => {
      await parked(run, 1);
      await run.handle.executeUpdate(resolveUpdate, { args: [{ round: 1, resolution: 'abandon', ...answer }] });
    },
  },
  { name: 'inline-granted-at-once', told: () => ({}), change: inlineFirst },
  {
    name: 'inline-and-retried',
    told: () => {
      let attempts = 0;
      return {
        rewardInline: async () => notExecutedInline,
        reward: async () => (++attempts < 2 ? notExecuted() : { ...granted, attempt: 3 }),
      };
    },
    change: inlineFirst,
  },
  {
    name: 'inline-elsewhere',
    told: () => ({ rewardInline: async () => elsewhere, reward: async () => ({ ...granted, attempt: 2 }) }),
    change: inlineFirst,
  },
  {
    name: 'inline-and-parked',
    told: () => ({ rewardInline: async () => unknown }),
    drive: async (run) => {
      await parked(run, 1);
      await run.handle.executeUpdate(resolveUpdate, { args: [{ round: 1, resolution: 'granted', ...answer }] });
    },
    change: inlineFirst,
  },
  {
    name: 'taken-over-from-a-closed-run',
    told: () => ({ takeOver: async () => ({ found: 'unknown', owner: 'kafka', round: 1 }) }),
    drive: async (run) => {
      await parked(run, 1);
      await run.handle.executeUpdate(resolveUpdate, { args: [{ round: 1, resolution: 'granted', ...answer }] });
    },
    change: (input) => ({ ...input, resumes: { fromRun: 'old', attempted: true } }),
  },
];

/** The cutover workflow after a change of each kind, a refused one and a republication; it is still open. */
async function recordCutover(workflowBundle: WorkflowBundleWithSourceMap): Promise<void> {
  const migration = 'recorded';
  const worker = await Worker.create({
    connection: environment.nativeConnection,
    taskQueue: cutoverTaskQueue(migration),
    workflowBundle,
    activities: { ...createCutoverActivities({ policyStore: new FakePolicyStore() }) },
  });
  await worker.runUntil(async () => {
    const { client } = environment;
    const handle = await client.workflow.start(CUTOVER_WORKFLOW, cutoverStartOptions(migration));
    await handle.executeUpdate(setConsumptionUpdate, { args: [{ ...answer, consumption: 'on' }] });
    await handle.executeUpdate(setPercentageUpdate, { args: [{ ...answer, hundredths: 1_000 }] });
    await handle.executeUpdate(allowUpdate, { args: [{ ...answer, businessId: 'user-1' }] });
    const stale = handle.executeUpdate(setPercentageUpdate, {
      args: [{ ...answer, hundredths: 1, expectedVersion: 1 }],
    });
    await stale.catch((error: unknown) => {
      if (!(error instanceof WorkflowUpdateFailedError)) throw error;
    });
    await handle.executeUpdate(disallowUpdate, { args: [{ ...answer, businessId: 'user-1' }] });
    await handle.signal(republishSignal);
    await handle.executeUpdate(setFailoverUpdate, { args: [{ ...answer, failover: 'kafka' }] });
    await writeFile(`${folder}cutover-changed-in-every-way.json`, historyOf(handle.workflowId));
    await handle.terminate('recorded');
  });
}

/** As the `temporal` CLI prints it, which is what a person would hand in; stack traces without this clone's path. */
function historyOf(workflowId: string): string {
  const args = ['workflow', 'show', '--workflow-id', workflowId, '--output', 'json', '--address', environment.address];
  return execFileSync(cli, args, { encoding: 'utf8' }).replaceAll(process.cwd(), '');
}

const wanted = process.argv.slice(2);
const isWanted = (name: string): boolean => wanted.length === 0 || wanted.includes(name);

const folder = fileURLToPath(new URL('./histories/', import.meta.url));
await mkdir(folder, { recursive: true });
const cli = await temporalCli();
const environment = await createLocalEnvironment();
try {
  const workflowBundle = await bundleWorkflows();
  if (isWanted('cutover')) await recordCutover(workflowBundle);
  const withMessage = createMessageRunner(environment, workflowBundle);
  for (const { name, told, drive, change } of scenarios.filter((scenario) => isWanted(scenario.name))) {
    await withMessage(
      told(),
      async (run) => {
        await drive?.(run);
        await run.result();
        await writeFile(`${folder}message-${name}.json`, historyOf(run.handle.workflowId));
        console.log(name);
      },
      change,
    );
  }
} finally {
  await environment.teardown();
}
process.exit(0);
