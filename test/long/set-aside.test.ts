import { setTimeout as pause } from 'node:timers/promises';
import kafkajs, { type Admin, type Kafka } from 'kafkajs';
import { afterEach, beforeEach, expect, inject, it, onTestFinished, vi } from 'vitest';
import { createDeadLetterIndex } from '../../src/ledger/redis/stores/dead-letter-index.js';
import { compressParts } from '../support/brokers/compressed.js';
import { publishRecords } from '../support/brokers/kafka-batches.js';
import { CompressingProducer } from '../support/brokers/rocketmq-raw.js';
import { type LiveMigration, startLiveMigration } from '../support/live-migration.js';
import { readMetric } from '../support/metric.js';
import type { WorkerProcess } from '../support/worker-process.js';

const stack = inject('stack');
const MIB = 1 << 20;
const patience = { timeout: 120_000, interval: 250 };
/** What a worker may grow by. Each bomb is larger by far than that, and there are ten of them on each side. */
const GROWTH = 400 * MIB;

let live: LiveMigration;
let kafka: Kafka;
let admin: Admin;

beforeEach(async () => {
  live = await startLiveMigration(stack);
  kafka = new kafkajs.Kafka({ brokers: [...stack.kafka.brokers], logLevel: kafkajs.logLevel.NOTHING });
  admin = kafka.admin();
  await admin.connect();
});
afterEach(async () => {
  await admin?.disconnect();
  await live?.close();
});

const isReady = async ({ http }: WorkerProcess): Promise<boolean> => (await fetch(`http://${http}/readyz`)).ok;

/** Looks at a worker's memory until it is asked for the most that it has grown by, resident, in bytes. */
async function watchGrowth(worker: WorkerProcess): Promise<() => Promise<number>> {
  const resident = () => readMetric(worker, 'process_resident_memory_bytes');
  const before = await resident();
  const over = new AbortController();
  async function watch(): Promise<number> {
    let most = 0;
    while (!over.signal.aborted) {
      most = Math.max(most, (await resident()) - before);
      await pause(100);
    }
    return most;
  }
  const watching = watch();
  // Whoever asks learns of a worker that no longer answers; a test that has failed before does not ask.
  watching.catch(() => undefined);
  onTestFinished(() => over.abort());
  return () => {
    over.abort();
    return watching;
  };
}

async function isCaughtUp(): Promise<boolean> {
  const topic = live.migration.topics.kafka;
  const [answer] = await admin.fetchOffsets({ groupId: live.migration.consumerGroup, topics: [topic] });
  const ends = await admin.fetchTopicOffsets(topic);
  const committed = new Map(answer?.partitions.map(({ partition, offset }) => [partition, offset]));
  return ends.every(({ partition, high }) => high === '0' || committed.get(partition) === high);
}

it('ten bombs on each side, and a dead-letter topic that is missing, stop neither side: each is set aside once, and all else is rewarded once', async () => {
  const { migration } = live;
  await admin.deleteTopics({ topics: [migration.deadLetterTopics.kafka] });
  const workers = [await live.startWorker('kafka'), await live.startWorker('rocketmq')] as const;
  const growth = await Promise.all(workers.map(watchGrowth));

  const producer = new CompressingProducer({
    endpoints: stack.rocketmq.endpoints,
    namespace: '',
    logger: { info() {}, warn() {}, error() {} },
  });
  await producer.startup();
  onTestFinished(() => producer.shutdown());
  const bomb = compressParts('zstd', [800 * MIB]);
  const small: string[] = [];
  for (let index = 0; index < 10; index += 1) {
    const behind = `${migration.name}-behind-${index}`;
    await publishRecords(kafka, { topic: migration.topics.kafka, partition: 0 }, 'gzip', [
      { value: null, zeros: 100 * MIB, headers: [['message-id', Buffer.from(`large-${index}`)]] },
      { value: Buffer.from(JSON.stringify({ messageId: behind })), headers: [['message-id', Buffer.from(behind)]] },
    ]);
    small.push(behind);
    const properties = new Map([['message-id', `large-${index}`]]);
    await producer.send({ topic: migration.topics.rocketmq, properties, body: bomb });
    small.push(await live.publish());
  }

  const index = createDeadLetterIndex(live.redis, migration.name);
  await vi.waitFor(async () => expect(await index.count()).toEqual({ kafka: 10, rocketmq: 10 }), patience);
  await vi.waitFor(async () => expect(await live.ledger.states(small)).toEqual(small.map(() => 'settled')), patience);
  await vi.waitFor(async () => expect(await isCaughtUp()).toBe(true), patience);
  expect(live.effects()).toEqual(new Map(small.map((id) => [id, 1])));

  const entries = await index.list();
  expect(entries.map(({ reason }) => reason)).toEqual(Array(20).fill('too-large'));
  expect(entries.filter(({ side, keptAs }) => (side === 'kafka') !== (keptAs !== undefined))).toEqual([]);
  for (const { keptAs } of entries.filter(({ side }) => side === 'kafka')) {
    const { status } = await live.client.workflow.getHandle(keptAs ?? '').describe();
    expect(status.name).toBe('RUNNING');
    await live.client.workflow.getHandle(keptAs ?? '').terminate('the test is over');
  }
  for (const [at, worker] of workers.entries()) {
    expect(await isReady(worker)).toBe(true);
    expect(await growth[at]?.()).toBeLessThan(GROWTH);
  }
});
