/**
 * How fast a recovery enters what has closed: `npx tsx bench/recovery/main.ts 1000 2000 4000` makes so many closed
 * workflows more in a Temporal of its own, in memory, and each time restores all of them into an empty Redis of its own.
 */
import { randomUUID } from 'node:crypto';
import { MockActivityEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import pLimit from 'p-limit';
import { askTemporalWhetherOpen, readRunIn } from '../../src/activities/runs.js';
import { messageStartOptions } from '../../src/intake/start-options.js';
import { Starter } from '../../src/intake/starter.js';
import { closeRedis, connectRedis, readRedisUrl } from '../../src/ledger/redis/connect.js';
import { createRedisLedger } from '../../src/ledger/redis/redis-ledger.js';
import { createAudit } from '../../src/ledger/redis/stores/audit.js';
import { createLedgerMarks } from '../../src/ledger/redis/stores/marks.js';
import { createWaitingMessages } from '../../src/ledger/redis/stores/waiting-messages.js';
import { createRecoveryActivities } from '../../src/recovery/activities.js';
import type { OpenResult } from '../../src/recovery/contract.js';
import { createLedgerRebuild } from '../../src/recovery/rebuild.js';
import { createAskRunState } from '../../src/recovery/run-state-query.js';
import { MESSAGE_WORKFLOW, sideTaskQueue } from '../../src/workflows/names.js';
import { startRedis } from '../../test/support/ledger/redis-server.js';
import { bundleWorkflows, createLocalEnvironment } from '../../test/support/temporal/temporal-environment.js';

const migration = 'rewards';
const AT_ONCE = 50;
const RETENTION_MS = 72 * 60 * 60 * 1_000;
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const input = { migration, fingerprint: '0123456789abcdef', delivered: [], settings: {} as never };
const decision = { owner: 'kafka', reason: 'bucket 5812 > 5000', policyVersion: 12 } as const;

const counts = process.argv.slice(2).map(Number);
if (counts.length === 0 || counts.some((count) => !Number.isSafeInteger(count) || count < 1)) {
  throw new Error('say how many workflows to add before each recovery: npx tsx bench/recovery/main.ts 1000 2000 4000');
}

const [environment, server] = await Promise.all([createLocalEnvironment(), startRedis()]);
const redis = connectRedis(readRedisUrl(server.url), { name: 'bench-recovery', onError: () => undefined });
const { client } = environment;
const worker = await Worker.create({
  connection: environment.nativeConnection,
  taskQueue: sideTaskQueue(migration, 'kafka'),
  workflowBundle: await bundleWorkflows('bench/recovery/workflow.ts'),
});

async function close(count: number): Promise<void> {
  const limit = pLimit(AT_ONCE);
  const one = async (): Promise<void> => {
    const messageId = randomUUID();
    const given = {
      input: { ...input, messageId, decision },
      body: Buffer.from('{}'),
      side: 'kafka',
      state: 'processing',
    } as const;
    const handle = await client.workflow.start(MESSAGE_WORKFLOW, { ...messageStartOptions(given), followRuns: false });
    await handle.result();
  };
  await Promise.all(Array.from({ length: count }, () => limit(one)));
}

/** Restores all into an empty Redis; answers how long each part took, in ms, and how many were settled. */
async function recover(): Promise<{ openMs: number; closedMs: number; settled: number }> {
  await redis.flushall();
  const ledger = createRedisLedger(redis, { migration, settledLifetimeMs: RETENTION_MS });
  const settings = {} as never;
  const starter = new Starter({ client, ledger, migration, settings, side: 'kafka', readRun: readRunIn(client) });
  const rebuild = createLedgerRebuild({
    client,
    migration,
    ledger,
    waiting: createWaitingMessages(redis, migration),
    starter,
    isOpenRun: askTemporalWhetherOpen(client),
    askRunState: createAskRunState(client),
    log: silent,
  });
  const activities = createRecoveryActivities({
    marks: createLedgerMarks(redis, migration),
    rebuild,
    audit: createAudit(redis, migration),
    now: () => ledger.now(),
    retention: async () => RETENTION_MS,
  });
  const loss = { epoch: randomUUID(), why: 'a measurement', since: null, remembersSince: 0 };
  const begun = performance.now();
  const opened = (await new MockActivityEnvironment().run(activities.recoverOpen, loss)) as OpenResult;
  const known = performance.now();
  await new MockActivityEnvironment().run(activities.recoverClosed, { ...loss, ...opened });
  const { settled } = await ledger.count();
  return { openMs: known - begun, closedMs: performance.now() - known, settled };
}

try {
  await worker.runUntil(async () => {
    for (const count of counts) {
      await close(count);
      const { openMs, closedMs, settled } = await recover();
      const rate = Math.round(settled / (closedMs / 1_000));
      console.log(
        `${settled} closed: intake held ${Math.round(openMs)} ms, restored in ${Math.round(closedMs)} ms, ${rate} a second`,
      );
    }
  });
} finally {
  await closeRedis(redis);
  await server.stop();
  await environment.teardown();
}
process.exit(0);
