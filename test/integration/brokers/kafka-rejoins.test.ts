import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKafkaPublisher } from '../../../src/brokers/kafka-publisher.js';
import { createKafkaSource } from '../../../src/brokers/kafka-source.js';
import type { Publisher } from '../../../src/brokers/publisher.js';
import type { Delivery, Source } from '../../../src/brokers/source.js';
import type { Log } from '../../../src/domain/log.js';
import { until } from '../../support/broker-topic.js';
import { type KafkaCluster, type KafkaNode, startKafkaCluster } from '../../support/kafka-cluster.js';
import { ACCEPT, makeIds, NEVER, TestSink } from '../../support/test-sink.js';

const ROOM = 20_000;

const groupOf = (topic: string) => `group-${topic}`;

let cluster: KafkaCluster;
let publisher: Publisher;
const sources: Source[] = [];

beforeAll(async () => {
  cluster = await startKafkaCluster();
  publisher = createKafkaPublisher({ connection: { brokers: [...cluster.brokers] }, log: quiet() });
}, 180_000);
afterAll(async () => {
  await Promise.all(sources.map((source) => source.stop(0)));
  await publisher?.close();
  await cluster?.stop();
});

/** What a source has said. */
interface Said {
  readonly event: unknown;
  readonly message: string;
  readonly fields: object;
}

function quiet(said: Said[] = []): Log {
  const keep = (fields: object, message: string) => {
    said.push({ event: 'event' in fields ? fields.event : undefined, message, fields });
  };
  return { debug: () => undefined, info: keep, warn: keep, error: keep };
}

async function makeTopic(
  partitions: number,
  replicas: readonly number[] = [1, 2],
  config: Record<string, string> = {},
) {
  const topic = `rejoins-${randomUUID().slice(0, 8)}`;
  await createTopic(topic, partitions, replicas, config);
  return topic;
}

async function createTopic(topic: string, partitions: number, replicas: readonly number[] = [1, 2], config = {}) {
  const replicaAssignment = Array.from({ length: partitions }, (_, partition) => ({
    partition,
    replicas: [...replicas],
  }));
  const configEntries = Object.entries<string>(config).map(([name, value]) => ({ name, value }));
  await until(async () => {
    try {
      return await cluster.admin.createTopics({
        topics: [{ topic, replicaAssignment, configEntries }],
        waitForLeaders: false,
      });
    } catch (error) {
      // The topic of the same name is still being deleted.
      if (/already exists/i.test(String(error))) return false;
      throw error;
    }
  }, 'the topic is made');
  await until(async () => (await leaders(topic)).length === partitions, 'its partitions have leaders');
}

/** The leaders of its partitions; none while the topic is not known everywhere. */
async function leaders(topic: string): Promise<number[]> {
  const { topics } = await cluster.admin.fetchTopicMetadata().catch(() => ({ topics: [] }));
  const partitions = topics.find(({ name }) => name === topic)?.partitions ?? [];
  return partitions.map(({ leader }) => leader).filter((leader) => leader > 0);
}

async function consume(topic: string, sink: TestSink, said: Said[] = []): Promise<Source> {
  const source = createKafkaSource({
    connection: { brokers: [...cluster.brokers] },
    topic,
    group: groupOf(topic),
    log: quiet(said),
  });
  sources.push(source);
  await source.start(sink);
  await until(() => source.status().ready, 'the source is ready');
  return source;
}

function publishSteadily(topic: string, perSecond: number) {
  let next = 0;
  return publishWith(perSecond, async () => {
    const id = `m-${String(next++).padStart(5, '0')}`;
    await publish(topic, id);
    return id;
  });
}

/** Publishes so many a second, until told to stop. Answers what the broker has taken. */
function publishWith(perSecond: number, send: () => Promise<string | undefined> | undefined) {
  const ids: string[] = [];
  let stopped = false;
  const publishing = (async () => {
    while (!stopped) {
      try {
        ids.push((await send()) ?? '');
      } catch {
        // A broker is away: whether it has this one is not known, so nothing is asked of it.
      }
      await pause(1000 / perSecond);
    }
  })();
  return {
    async stop() {
      stopped = true;
      await publishing;
      return ids;
    },
  };
}

async function publishAll(topic: string, count: number, prefix = 'm'): Promise<string[]> {
  const ids = makeIds(prefix, count);
  // Metadata of before a move or a new beginning is found to be stale at the first try.
  const take = async (id: string) => publish(topic, id).catch(() => publish(topic, id));
  await Promise.all(ids.map(take));
  return ids;
}

async function publish(topic: string, id: string): Promise<void> {
  await publisher.publish({ topic, key: id, properties: new Map([['message-id', id]]), body: Buffer.from('{}') });
}

async function committed(topic: string): Promise<Map<number, number>> {
  const [answer] = await cluster.admin.fetchOffsets({ groupId: groupOf(topic), topics: [topic] });
  return new Map(answer?.partitions.map(({ partition, offset }) => [partition, Number(offset)]));
}

function placeOf({ coordinates }: Delivery): { partition: number; offset: number } {
  const [partition = -1, offset = -1] = coordinates.split('/').slice(1).map(Number);
  return { partition, offset };
}

function placeKey(delivery: Delivery): string {
  const { partition, offset } = placeOf(delivery);
  return `${partition}/${offset}`;
}

function sum(positions: ReadonlyMap<number, number>): number {
  return [...positions.values()].reduce((all, offset) => all + Math.max(0, offset), 0);
}

async function lag(topic: string): Promise<number> {
  const positions = await committed(topic);
  const ends = await cluster.admin.fetchTopicOffsets(topic);
  return ends.reduce((all, { partition, high }) => all + Number(high) - Math.max(0, positions.get(partition) ?? 0), 0);
}

/** The brokers that have all of the topic's first partition. */
async function inSync(topic: string): Promise<readonly number[]> {
  const { topics } = await cluster.admin.fetchTopicMetadata({ topics: [topic] });
  return topics[0]?.partitions[0]?.isr ?? [];
}

/** The offsets below the committed positions that nobody has accepted. */
async function passedOver(topic: string, accepted: readonly Delivery[]): Promise<string[]> {
  const done = new Set(accepted.map(placeKey));
  const lost: string[] = [];
  for (const [partition, end] of await committed(topic)) {
    for (let offset = 0; offset < end; offset += 1) {
      if (!done.has(`${partition}/${offset}`)) lost.push(`${partition}/${offset}`);
    }
  }
  return lost;
}

/** Moves the topic from one pair of brokers to the next, as fast as the controller goes along. */
async function movePartitions(topic: string, partitions: number, moves: number): Promise<void> {
  const pairs = [
    [2, 3],
    [3, 1],
    [1, 2],
  ];
  for (let move = 0; move < moves; move += 1) {
    const replicas = pairs[move % pairs.length] ?? [];
    const partitionAssignment = Array.from({ length: partitions }, (_, partition) => ({ partition, replicas }));
    await cluster.admin.alterPartitionReassignments({ topics: [{ topic, partitionAssignment }] });
    await pause(1500);
    await cluster.electPreferred(topic, partitions);
  }
}

describe('the Kafka source on three brokers', () => {
  it('commits nothing that is not accepted while partitions move under load, and takes nothing twice', async () => {
    const partitions = 12;
    const topic = await makeTopic(partitions);
    // Every second delivery lingers until the end.
    let release: () => void = () => undefined;
    const lingering = new Promise<void>((resolve) => {
      release = resolve;
    });
    const said: Said[] = [];
    const sink = new TestSink(
      (delivery) => (placeOf(delivery).offset % 2 === 1 ? lingering : ACCEPT(delivery, 1)),
      ROOM,
    );
    const source = await consume(topic, sink, said);
    const load = publishSteadily(topic, 60);
    await movePartitions(topic, partitions, 4);
    await cluster.admin.createPartitions({ topicPartitions: [{ topic, count: partitions + 2 }] });
    await movePartitions(topic, partitions, 2);
    const ids = await load.stop();
    expect(said.filter(({ message }) => message.startsWith('joined')).length).toBeGreaterThan(3);
    expect(await passedOver(topic, sink.accepted)).toEqual([]);
    release();
    await until(() => ids.every((id) => sink.times(id) > 0), 'everything arrives');
    await until(() => sink.acceptedIds.length >= ids.length, 'everything is accepted');
    expect(await passedOver(topic, sink.accepted)).toEqual([]);
    expect(sink.deliveries.length).toBe(new Set(sink.deliveries.map(({ coordinates }) => coordinates)).size);
    expect(sink.deliveries.some(({ withdrawn }) => withdrawn?.aborted)).toBe(false);
    await source.stop(5000);
  }, 120_000);

  it('gives the deliveries of a partition back when it goes to another member, which takes them', async () => {
    const topic = await makeTopic(4);
    const first = new TestSink(NEVER, ROOM);
    const leaving = await consume(topic, first);
    const ids = await publishAll(topic, 40);
    await until(() => first.deliveries.length === 40, 'the first member has them all');
    const second = new TestSink(ACCEPT, ROOM);
    await consume(topic, second);
    await until(() => first.deliveries.some(({ withdrawn }) => withdrawn?.aborted), 'partitions went to the second');
    const lost = new Set(first.deliveries.filter(({ withdrawn }) => withdrawn?.aborted).map(placeKey));
    await until(() => second.accepted.length === lost.size, 'the second member takes what the first has lost');
    expect(new Set(second.accepted.map(placeKey))).toEqual(lost);
    expect(lost.size).toBeLessThan(40);
    expect(first.deliveries).toHaveLength(40);
    await leaving.stop(0);
    await until(() => second.acceptedIds.length === ids.length, 'the second member takes the rest');
  });

  it('says and counts what was deleted before it was read, and goes on behind it', async () => {
    const topic = await makeTopic(1);
    const sink = new TestSink(ACCEPT, ROOM);
    const away = await consume(topic, sink);
    await publishAll(topic, 10, 'read');
    await until(async () => sum(await committed(topic)) === 10, 'ten are committed');
    await away.stop(5000);
    await publishAll(topic, 20, 'unread');
    await cluster.admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '25' }] });
    const said: Said[] = [];
    const back = await consume(topic, sink, said);
    await until(() => sink.accepted.length === 15, 'what is left arrives');
    expect(said).toContainEqual({
      event: 'positions-skipped',
      message: expect.stringContaining('15 positions'),
      fields: expect.objectContaining({ partition: 0, from: '10', at: '25', skipped: 15 }),
    });
    expect(back.status()).toMatchObject({ ready: true, skipped: 15 });
  });

  it('loses nothing while a broker is killed and comes back under load', async () => {
    const topic = await makeTopic(6);
    const sink = new TestSink((delivery) => pause(placeOf(delivery).offset % 5 === 0 ? 2000 : 5), ROOM);
    await consume(topic, sink);
    const load = publishSteadily(topic, 40);
    const [, node] = cluster.nodes as [KafkaNode, KafkaNode];
    await pause(1000);
    await node.kill();
    await pause(8000);
    node.start();
    await until(async () => (await inSync(topic)).length === 2, 'it is back');
    const ids = await load.stop();
    await until(() => ids.every((id) => sink.times(id) > 0), 'everything arrives');
    await until(async () => (await lag(topic)) === 0, 'everything is committed');
    expect(await passedOver(topic, sink.accepted)).toEqual([]);
  }, 180_000);
});
