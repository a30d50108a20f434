import { DBOS } from '@dbos-inc/dbos-sdk';
import { KafkaReceiver } from '@dbos-inc/kafkajs-receive';
import { Redis } from 'ioredis';
import type { KafkaMessage } from 'kafkajs';
import { STAMPS } from '../../src/domain/message/message.js';
import { openReward } from './ask-reward.js';
import { boundedSink } from './bounded-sink.js';
import { IN_FLIGHT, openSource, readSettings, untilStopped } from './settings.js';

// DBOS by its own documentation: its receiver for Kafka makes one workflow of each record. It has none for RocketMQ, so there
// a workflow is started for each delivery. Both sides' workflows ask Redis whose the message is, and then the provider.
const settings = readSettings();
const { side, kafka, topic, group, redis: redisUrl, postgres, rewardUrl } = settings;
const redis = new Redis(redisUrl);
const askReward = openReward(rewardUrl);
const DAY_SECONDS = 86_400;

const own = DBOS.registerStep(
  async (messageId: string, holder: string): Promise<boolean> => {
    const known = await redis.set(`dbos:${messageId}`, holder, 'EX', DAY_SECONDS, 'NX', 'GET');
    return known === null || known === holder;
  },
  { name: 'own' },
);
const reward = DBOS.registerStep(async (body: string) => askReward(body), { name: 'reward' });

const handle = DBOS.registerWorkflow(
  async (messageId: string, body: string) => {
    if (await own(messageId, DBOS.workflowID ?? '')) await reward(body);
  },
  { name: 'handle' },
);

const consume = DBOS.registerWorkflow(
  async (_topic: string, _partition: number, { headers, value }: KafkaMessage) => {
    const messageId = String(headers?.[STAMPS.messageId]);
    if (await own(messageId, DBOS.workflowID ?? '')) await reward(String(value));
  },
  { name: 'consume' },
);

// An executor of its own for each process, as DBOS wants it where several share a database: it takes up what its namesake
// has left, and the tables are made once before, by DBOS's own command.
DBOS.setConfig({
  name: 'bench',
  systemDatabaseUrl: postgres ?? '',
  logLevel: 'error',
  executorID: side,
  runMigrations: false,
});
const receiver = side === 'kafka' ? new KafkaReceiver({ brokers: [...kafka], logLevel: 1 }) : undefined;
receiver?.registerConsumer(consume, topic, { config: { groupId: group } });
await DBOS.launch();

const source = side === 'rocketmq' ? openSource(settings) : undefined;
await source?.start(
  boundedSink(IN_FLIGHT, (messageId, body) =>
    DBOS.startWorkflow(handle, { workflowID: `rocketmq:${messageId}` })(messageId, body.toString('utf8')),
  ),
);
await untilStopped();
await source?.stop(10_000);
await DBOS.shutdown();
process.exit(0);
