import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { bundleWorkflowCode, NativeConnection, Worker } from '@temporalio/worker';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { installTemporalRuntime } from '../../src/workers/temporal/temporal-runtime.js';
import { openReward } from './ask-reward.js';
import { boundedSink } from './bounded-sink.js';
import { IN_FLIGHT, openSource, readSettings, untilStopped } from './settings.js';
import { createTextbookActivities } from './textbook-activities.js';

// One process of a side, as Temporal's own examples would have it: every delivery is a signal with a start, and every step
// an ordinary activity; slots and pollers are the SDK's defaults.
const settings = readSettings();
const { metricsUrl: metrics } = await installTemporalRuntime(pino({ level: 'silent' }));
const { side, temporal, redis: redisUrl, rewardUrl } = settings;
const redis = new Redis(redisUrl);
const connection = await NativeConnection.connect({ address: temporal.address });
const client = new Client({ connection, namespace: temporal.namespace });
const workflowsPath = fileURLToPath(new URL('textbook-workflow.ts', import.meta.url));
const taskQueue = `textbook-${side}`;
const worker = await Worker.create({
  connection,
  namespace: temporal.namespace,
  taskQueue,
  workflowBundle: await bundleWorkflowCode({ workflowsPath }),
  activities: { ...createTextbookActivities(redis, openReward(rewardUrl)) },
});
const running = worker.run();

const source = openSource(settings);
await source.start(
  boundedSink(IN_FLIGHT, async (messageId, body) => {
    try {
      await client.workflow.signalWithStart('textbook', {
        workflowId: messageId,
        taskQueue,
        args: [messageId, body.toString('utf8')],
        signal: 'delivered',
        signalArgs: [side],
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
      });
    } catch (error) {
      // It has completed: this is the later copy.
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
  }),
);

await untilStopped(metrics);
await source.stop(10_000);
worker.shutdown();
await running;
await connection.close();
redis.disconnect();
