import { randomUUID } from 'node:crypto';
import { Connection } from '@temporalio/client';
import { Kafka, logLevel } from 'kafkajs';
import { Producer, SimpleConsumer } from 'rocketmq-client-nodejs';
import { describe, expect, inject, it } from 'vitest';
import { provision } from '../../../src/local/stack/provision/provision.js';
import { type Resources, resourcesOf } from '../../../src/local/stack/provision/resources.js';
import { BrokerAdmin, listBrokers } from '../../../src/local/stack/provision/rocketmq-admin.js';
import { RemotingConnection } from '../../../src/local/stack/provision/rocketmq-remoting.js';

const stack = inject('stack');
const MESSAGES = 20;

/** A migration of its own for each test: what an earlier one has made is not there. */
function freshResources(): { topic: string; deadLetterTopic: string; group: string; resources: Resources } {
  const name = `p-${randomUUID().slice(0, 8)}`;
  const [topic, deadLetterTopic, group] = [name, `${name}-dead-letter`, `handover-${name}`];
  const resources = resourcesOf({
    name,
    topics: { kafka: topic, rocketmq: topic },
    deadLetterTopics: { kafka: deadLetterTopic, rocketmq: deadLetterTopic },
    consumerGroup: group,
  });
  return { topic, deadLetterTopic, group, resources };
}

const kafka = new Kafka({ clientId: 'provision-test', brokers: [...stack.kafka.brokers], logLevel: logLevel.NOTHING });

/** Without a logger the client opens a log file in the home folder. */
const logger = { info() {}, warn() {}, error() {} };
const rocketmq = { endpoints: stack.rocketmq.endpoints, namespace: '', logger };

async function brokerAddress(): Promise<string> {
  const [address] = [...(await listBrokers(stack.rocketmq.nameServer)).values()];
  return String(address);
}

async function publishToKafka(topic: string): Promise<void> {
  const producer = kafka.producer({ allowAutoTopicCreation: false });
  await producer.connect();
  await producer.send({ topic, messages: Array.from({ length: MESSAGES }, (_, i) => ({ value: `message ${i}` })) });
  await producer.disconnect();
}

async function consumeFromKafka(topic: string, groupId: string): Promise<Set<string>> {
  const received = new Set<string>();
  const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 100 });
  await consumer.connect();
  await consumer.subscribe({ topic });
  await new Promise<void>((resolve, reject) => {
    consumer
      .run({
        eachMessage: async ({ message }) => {
          received.add(String(message.value));
          if (received.size === MESSAGES) resolve();
        },
      })
      .catch(reject);
  });
  await consumer.disconnect();
  return received;
}

async function publishToRocketmq(topic: string): Promise<void> {
  const producer = new Producer({ ...rocketmq, topics: [topic] });
  await producer.startup();
  for (let i = 0; i < MESSAGES; i++) await producer.send({ topic, body: Buffer.from(`message ${i}`) });
  await producer.shutdown();
}

async function consumeFromRocketmq(topic: string, consumerGroup: string): Promise<Set<string>> {
  const received = new Set<string>();
  const subscriptions = new Map([[topic, '*']]);
  const consumer = new SimpleConsumer({ ...rocketmq, consumerGroup, subscriptions, awaitDuration: 5000 });
  await consumer.startup();
  while (received.size < MESSAGES) {
    for (const message of await consumer.receive(32, 15_000)) {
      received.add(message.body.toString());
      await consumer.ack(message);
    }
  }
  await consumer.shutdown();
  return received;
}

describe('a group that was just made', () => {
  it('has a position at the start of every partition and queue', async () => {
    const { topic, group, resources } = freshResources();
    await provision(stack, resources);
    const admin = kafka.admin();
    await admin.connect();
    const [committed] = await admin.fetchOffsets({ groupId: group, topics: [topic] });
    await admin.disconnect();
    expect(committed?.partitions.map(({ offset }) => offset)).toEqual(['0', '0', '0', '0']);
    const broker = await BrokerAdmin.open(await brokerAddress());
    const positions = await Promise.all([0, 1, 2, 3].map((queue) => broker.position(group, topic, queue)));
    broker.close();
    expect(positions).toEqual([0n, 0n, 0n, 0n]);
  });

  it('gets from Kafka what was published before its first consumer started', async () => {
    const { topic, group, resources } = freshResources();
    await provision(stack, resources);
    await publishToKafka(topic);
    expect((await consumeFromKafka(topic, group)).size).toBe(MESSAGES);
  });

  it('gets from RocketMQ what was published before its first consumer started', async () => {
    const { topic, group, resources } = freshResources();
    await provision(stack, resources);
    await publishToRocketmq(topic);
    expect((await consumeFromRocketmq(topic, group)).size).toBe(MESSAGES);
  });

  it('gets even what lay in the topic before the group was made', async () => {
    const { topic, group, resources } = freshResources();
    const { kafka: onKafka, rocketmq: onRocketmq } = resources;
    const groups: Resources['kafka']['groups'] = [];
    await provision(stack, { ...resources, kafka: { ...onKafka, groups }, rocketmq: { ...onRocketmq, groups } });
    await Promise.all([publishToKafka(topic), publishToRocketmq(topic)]);
    await provision(stack, resources);
    expect((await consumeFromKafka(topic, group)).size).toBe(MESSAGES);
    expect((await consumeFromRocketmq(topic, group)).size).toBe(MESSAGES);
  });

  it('is given a message by RocketMQ far more often than the 16 times that are usual', async () => {
    const { group, resources } = freshResources();
    await provision(stack, resources);
    const connection = await RemotingConnection.open(await brokerAddress());
    const { body } = await connection.send({ code: 352, fields: { group } });
    connection.close();
    expect(JSON.parse(body.toString()).retryMaxTimes).toBe(1000);
  });
});

describe('making things again', () => {
  it('leaves topics, and the positions that groups have reached, as they are', async () => {
    const { topic, deadLetterTopic, group, resources } = freshResources();
    await provision(stack, resources);
    await Promise.all([publishToKafka(topic), publishToRocketmq(topic)]);
    await Promise.all([consumeFromKafka(topic, group), consumeFromRocketmq(topic, group)]);

    const admin = kafka.admin();
    await admin.connect();
    const before = await admin.fetchOffsets({ groupId: group, topics: [topic] });
    await provision(stack, resources);
    const after = await admin.fetchOffsets({ groupId: group, topics: [topic] });
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic, deadLetterTopic] });
    await admin.disconnect();

    expect(after).toEqual(before);
    expect(before.flatMap(({ partitions }) => partitions).reduce((sum, { offset }) => sum + Number(offset), 0)).toBe(
      MESSAGES,
    );
    expect(topics.map(({ partitions }) => partitions.length)).toEqual([4, 4]);
    await publishToRocketmq(topic);
    expect((await consumeFromRocketmq(topic, group)).size).toBe(MESSAGES);
  });

  it('leaves a running consumer its partitions', async () => {
    const { topic, group, resources } = freshResources();
    await provision(stack, { ...resources, kafka: { ...resources.kafka, groups: [] } });
    const consumer = kafka.consumer({ groupId: group, maxWaitTimeInMs: 100 });
    let crashes = 0;
    consumer.on(consumer.events.CRASH, () => {
      crashes += 1;
    });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve));
    await consumer.run({ eachMessage: async () => undefined });
    await joined;
    await provision(stack, resources);
    await consumer.disconnect();
    expect(crashes).toBe(0);
  });

  it('leaves the search attributes of Temporal as they are', async () => {
    const { resources } = freshResources();
    await provision(stack, resources);
    const connection = await Connection.connect({ address: stack.temporal.address });
    const { namespace } = stack.temporal;
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    await connection.close();
    expect(customAttributes).toMatchObject({ HandoverOwner: 2, HandoverState: 2, HandoverMigration: 2 });
  });
});
