import { Connection } from '@temporalio/client';
import type { Admin, Kafka, TopicPartitionOffset } from 'kafkajs';
import { waitUntil } from '../../../async/wait-until.js';
import { HandoverError, toError } from '../../../domain/errors.js';
import { kafkaClient } from '../readiness.js';
import type { LocalStack } from '../state.js';
import type { Resources } from './resources.js';
import { BrokerAdmin, listBrokers, topicIsRouted } from './rocketmq-admin.js';

/** The services that hold what is made. */
export type Provisioned = Pick<LocalStack, 'temporal' | 'kafka' | 'rocketmq'>;

/**
 * Makes topics, consumer groups and search attributes that are not there yet, and leaves alone what is. A group begins at
 * the first message of its topics, so that nothing published before its first consumer is missed.
 * @throws HandoverError `broker-unavailable`, `broker-refused` or `temporal-unavailable`
 */
export async function provision(stack: Provisioned, resources: Resources): Promise<void> {
  await Promise.all([
    provisionKafka(stack.kafka.brokers, resources.kafka),
    provisionRocketmq(stack.rocketmq.nameServer, resources.rocketmq),
    provisionTemporal(stack.temporal, resources.searchAttributes),
  ]);
}

async function provisionKafka(brokers: readonly string[], { topics, groups }: Resources['kafka']): Promise<void> {
  const kafka = kafkaClient(brokers);
  const admin = kafka.admin();
  try {
    await admin.connect();
    const wanted = topics.map(({ name, partitions }) => ({ topic: name, numPartitions: partitions }));
    // A busy broker may not know yet of a topic that its controller has just made, and kafkajs takes that for a fault.
    await waitUntil(() => admin.createTopics({ topics: wanted, waitForLeaders: true }), { timeoutMs: 10_000 });
    for (const { group, topics: read } of groups) {
      for (const topic of read) {
        // The first group of a new broker has it make its offsets topic, and until then every answer is 'not here'.
        await waitUntil(() => pinKafkaStart(kafka, admin, group, topic), { timeoutMs: 30_000 });
      }
    }
  } catch (cause) {
    const message = `Kafka at ${brokers.join(', ')} refused topics or groups: ${toError(cause).message}`;
    throw new HandoverError('broker-refused', message, { cause });
  } finally {
    await admin.disconnect();
  }
}

/** kafkajs marks by it a partition in which the group has no position. */
const NO_OFFSET = '-1';

async function pinKafkaStart(kafka: Kafka, admin: Admin, groupId: string, topic: string): Promise<void> {
  const [committed] = await admin.fetchOffsets({ groupId, topics: [topic] });
  const open = (committed?.partitions ?? []).filter(({ offset }) => offset === NO_OFFSET);
  if (open.length === 0) return;
  // Positions can be set while nobody consumes only, and a running consumer has chosen its own.
  const { groups } = await admin.describeGroups([groupId]);
  if (groups.some(({ state }) => state !== 'Empty' && state !== 'Dead')) return;
  const ends = await admin.fetchTopicOffsets(topic);
  const start = open.map(({ partition }) => ({
    topic,
    partition,
    offset: ends.find((end) => end.partition === partition)?.low ?? '0',
  }));
  await commitAsMember(kafka, groupId, start);
}

/** Joins the group and commits, as `admin.setOffsets` does, which takes five seconds: it waits for a fetch of nothing. */
async function commitAsMember(kafka: Kafka, groupId: string, offsets: TopicPartitionOffset[]): Promise<void> {
  const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 100, allowAutoTopicCreation: false });
  try {
    await consumer.connect();
    const topics = [...new Set(offsets.map(({ topic }) => topic))];
    await consumer.subscribe({ topics, fromBeginning: true });
    await consumer.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch: async () => undefined });
    consumer.pause(topics.map((topic) => ({ topic })));
    await consumer.commitOffsets(offsets);
  } finally {
    await consumer.disconnect();
  }
}

/** Deliveries of one message before the broker gives up on it: handover decides that itself, and much earlier. */
const RETRIES = 1000;

async function provisionRocketmq(nameServer: string, { topics, groups }: Resources['rocketmq']): Promise<void> {
  const brokers = await listBrokers(nameServer);
  for (const address of brokers.values()) {
    const broker = await BrokerAdmin.open(address);
    try {
      for (const { name, queues } of topics) await broker.createTopic(name, queues);
      for (const { group, topics: read } of groups) {
        await broker.createGroup(group, RETRIES);
        for (const topic of read) await broker.pinStart(group, topic);
      }
    } finally {
      broker.close();
    }
  }
  for (const { name } of topics) await waitForRoute(nameServer, name);
}

/** A client that asks for a topic before the name server knows it is told that there is none, and believes it for 20 s. */
async function waitForRoute(nameServer: string, topic: string): Promise<void> {
  const routed = async (): Promise<void> => {
    if (await topicIsRouted(nameServer, topic)) return;
    throw new HandoverError('broker-unavailable', `RocketMQ's name server ${nameServer} does not know ${topic} yet.`);
  };
  await waitUntil(routed, { timeoutMs: 10_000, intervalMs: 50 });
}

/** `INDEXED_VALUE_TYPE_KEYWORD` of Temporal's API. */
const KEYWORD = 2;

async function provisionTemporal(
  { address, namespace }: LocalStack['temporal'],
  wanted: Resources['searchAttributes'],
): Promise<void> {
  let connection: Connection | undefined;
  try {
    connection = await Connection.connect({ address });
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    const missing = Object.keys(wanted).filter((name) => customAttributes?.[name] === undefined);
    if (missing.length === 0) return;
    const searchAttributes = Object.fromEntries(missing.map((name) => [name, KEYWORD]));
    await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
  } catch (cause) {
    const message = `Temporal at ${address} did not take the search attributes: ${toError(cause).message}`;
    throw new HandoverError('temporal-unavailable', message, { cause });
  } finally {
    await connection?.close();
  }
}
