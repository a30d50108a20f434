import { fileURLToPath } from 'node:url';
import { activityInfo } from '@temporalio/activity';
import { Client } from '@temporalio/client';
import { bundleWorkflowCode, NativeConnection, Worker } from '@temporalio/worker';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { bucketOf } from '../../src/domain/message/bucket.js';
import { installTemporalRuntime } from '../../src/workers/temporal/temporal-runtime.js';
import { openReward } from './ask-reward.js';
import { boundedSink } from './bounded-sink.js';
import { IN_FLIGHT, openSource, readSettings, untilStopped } from './settings.js';
import { SHARE_KEY } from './textbook-activities.js';

/** Nothing but the call is done in them. */
export interface BareActivities {
  own(): Promise<void>;
  reward(body: string): Promise<void>;
  rewardInline(body: string): Promise<void>;
}

// The least that a workflow behind each message can cost: an eager start by the owner, no ledger, no record, and the other
// side drops its copy unseen. It is not correct (a changed percentage pays twice, or never), and nothing that is can be cheaper.
const settings = readSettings();
const { metricsUrl: metrics } = await installTemporalRuntime(pino({ level: 'silent' }));
const { side, temporal, redis: redisUrl, rewardUrl, inline } = settings;
const redis = new Redis(redisUrl);
const askReward = openReward(rewardUrl);
const connection = await NativeConnection.connect({ address: temporal.address });
const client = new Client({ connection, namespace: temporal.namespace });
const workflowsPath = fileURLToPath(new URL('bare-workflow.ts', import.meta.url));
const taskQueue = `bare-${inline === true ? 'inline-' : ''}${side}`;
const rewarded = new Map<string, () => void>();

async function reward(body: string): Promise<void> {
  try {
    await askReward(body);
  } finally {
    rewarded.get(activityInfo().workflowExecution?.workflowId ?? '')?.();
  }
}

const activities: BareActivities = { own: async () => undefined, reward, rewardInline: reward };
const worker = await Worker.create({
  connection,
  namespace: temporal.namespace,
  taskQueue,
  workflowBundle: await bundleWorkflowCode({ workflowsPath }),
  activities: { ...activities },
  // As handover has it.
  maxConcurrentWorkflowTaskExecutions: IN_FLIGHT * 4,
  maxConcurrentActivityTaskExecutions: IN_FLIGHT * 4,
});
const running = worker.run();

const source = openSource(settings);
await source.start(
  boundedSink(IN_FLIGHT, async (messageId, body) => {
    const hundredths = Number((await redis.get(SHARE_KEY)) ?? 0);
    const owner = bucketOf('bare', messageId) <= hundredths ? 'rocketmq' : 'kafka';
    if (owner !== side) return;
    const end = new Promise<void>((resolve) => rewarded.set(messageId, resolve));
    await client.workflow.start('bare', {
      workflowId: messageId,
      taskQueue,
      args: [body.toString('utf8'), inline === true],
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      requestEagerStart: true,
    });
    await end;
    rewarded.delete(messageId);
  }),
);

await untilStopped(metrics);
await source.stop(10_000);
worker.shutdown();
await running;
await connection.close();
redis.disconnect();
