import { appendFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { Redis } from 'ioredis';
import { openReward } from './ask-reward.js';
import { boundedSink } from './bounded-sink.js';
import { IN_FLIGHT, openSource, readSettings, untilStopped } from './settings.js';

// The seed of the idea: whoever sets the key first has the message, and retries in its own process. Nothing of it is
// durable: the delivery is acknowledged at the end, and a crash in the middle leaves the key without a reward, for ever.
const settings = readSettings();
const { side, temporal, redis: redisUrl, rewardUrl, floorFile } = settings;
const redis = new Redis(redisUrl);
const askReward = openReward(rewardUrl);
const ATTEMPTS = 3;
const PAUSE_MS = 200;
const DAY_SECONDS = 86_400;

async function askWithRetries(body: Buffer): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await askReward(body);
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
      await pause(PAUSE_MS);
    }
  }
}

/** The floor: the seed's way as far as the provider, with one start of a workflow that nobody runs in the provider's place. */
async function openFloor(file: string): Promise<(messageId: string) => Promise<void>> {
  const connection = await Connection.connect({ address: temporal.address });
  const client = new Client({ connection, namespace: temporal.namespace });
  return async (messageId) => {
    await client.workflow.start('floor', { workflowId: `floor-${messageId}`, taskQueue: 'bench-floor', args: [] });
    const entry = { time: new Date().toISOString(), messageId, attempt: 1, effect: 'granted', fault: null };
    appendFileSync(file, `${JSON.stringify(entry)}\n`);
  };
}

const reachFloor = floorFile === undefined ? undefined : await openFloor(floorFile);
const source = openSource(settings);
await source.start(
  boundedSink(IN_FLIGHT, async (messageId, body) => {
    const first = await redis.set(`seed:${messageId}`, side, 'EX', DAY_SECONDS, 'NX');
    if (first === null) return;
    await (reachFloor === undefined ? askWithRetries(body) : reachFloor(messageId));
  }),
);
await untilStopped();
await source.stop(10_000);
process.exit(0);
