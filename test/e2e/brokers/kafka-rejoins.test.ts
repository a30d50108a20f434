import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { WorkflowNotFoundError } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createKafkaPublisher } from '../../../src/brokers/kafka/publisher.js';
import { createKafkaSource } from '../../../src/brokers/kafka/source.js';
import type { Publisher } from '../../../src/brokers/publisher.js';
import type { Delivery, Source } from '../../../src/brokers/source.js';
import type { Log } from '../../../src/domain/log.js';
import { until } from '../../support/brokers/broker-topic.js';
import { type KafkaCluster, type KafkaNode, startKafkaCluster } from '../../support/brokers/kafka-cluster.js';
import { type LiveMigration, startLiveMigration } from '../../support/live-migration.js';
import { ACCEPT, makeIds, NEVER, TestSink } from '../../support/test-sink.js';

const ROOM = 20_000;

const groupOf = (topic: string) => `group-${topic}`;

let cluster: KafkaCluster;
/** One for each topic: kafkajs publishes nothing to any topic while a partition of one that it has used has no leader. */
const publishers = new Map<string, Publisher>();
const sources: Source[] = [];

beforeAll(async () => {
  cluster = await startKafkaCluster();
}, 180_000);
afterAll(async () => {
  await Promise.all(sources.map((source) => source.stop(0)));
  await Promise.all([...publishers.values()].map((publisher) => publisher.close()));
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

/** The leaders of its partitions; none while the topic is not known, or one of them has no leader. */
async function leaders(topic: string): Promise<number[]> {
  // Of this topic alone: kafkajs answers nothing where a partition of any other has no leader.
  const { topics } = await cluster.admin.fetchTopicMetadata({ topics: [topic] }).catch(() => ({ topics: [] }));
  return topics.flatMap(({ partitions }) => partitions.map(({ leader }) => leader)).filter((leader) => leader > 0);
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
    count: () => ids.length,
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
  const message = { topic, key: id, properties: new Map([['message-id', id]]), body: Buffer.from('{}') };
  await publisherOf(topic).publish(message);
}

function publisherOf(topic: string): Publisher {
  const known = publishers.get(topic);
  if (known) return known;
  const made = createKafkaPublisher({ connection: { brokers: [...cluster.brokers] }, log: quiet() });
  publishers.set(topic, made);
  return made;
}

async function committed(topic: string): Promise<Map<number, number>> {
  // A coordinator that has only just become one cannot answer yet.
  const asked = cluster.admin.fetchOffsets({ groupId: groupOf(topic), topics: [topic] });
  const [answer] = await asked.catch((error) => (error.retriable === true ? [] : Promise.reject(error)));
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
  // While a leader is elected, kafkajs answers an error for the whole topic.
  const { topics } = await cluster.admin.fetchTopicMetadata({ topics: [topic] }).catch(() => ({ topics: [] }));
  return topics[0]?.partitions[0]?.isr ?? [];
}

/** Reads what lies below the positions that a group has committed. */
async function idsBelowCommits(topic: string, group: string): Promise<string[]> {
  const [answer] = await cluster.admin.fetchOffsets({ groupId: group, topics: [topic] });
  const ends = new Map(answer?.partitions.map(({ partition, offset }) => [partition, Number(offset)]));
  const ids = new Map<string, string>();
  const wanted = sum(ends);
  const reader = cluster.kafka.consumer({ groupId: `reader-${topic}` });
  try {
    await reader.connect();
    await reader.subscribe({ topics: [topic], fromBeginning: true });
    await reader.run({
      eachMessage: async ({ partition, message }) => {
        if (Number(message.offset) >= (ends.get(partition) ?? 0)) return;
        ids.set(`${partition}/${message.offset}`, String(message.headers?.['message-id']));
      },
    });
    await until(() => ids.size === wanted, `${wanted} records are read`);
  } finally {
    await reader.disconnect();
  }
  return [...ids.values()];
}

async function hasWorkflow(live: LiveMigration, id: string): Promise<boolean> {
  try {
    await live.client.workflow.getHandle(id).describe();
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
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
    await cluster.elect('preferred', topic, partitions);
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
    // On the broker that no case kills: a partition without a leader would keep the shared admin client from all others.
    const assignments = [
      [1, 2],
      [1, 2],
    ];
    await cluster.admin.createPartitions({ topicPartitions: [{ topic, count: partitions + 2, assignments }] });
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

  it('reads a topic from its start that was deleted and made anew, with fewer partitions and more records', async () => {
    const topic = await makeTopic(4);
    const said: Said[] = [];
    const sink = new TestSink(ACCEPT, ROOM);
    const source = await consume(topic, sink, said);
    await publishAll(topic, 40, 'old');
    await until(() => sink.accepted.length === 40, 'the old records are accepted');
    await until(async () => sum(await committed(topic)) === 40, 'they are committed');
    sink.hold();
    await cluster.admin.deleteTopics({ topics: [topic] });
    await createTopic(topic, 2);
    const ids = await publishAll(topic, 200, 'new');
    sink.release();
    await until(() => ids.every((id) => sink.times(id) > 0), 'every record of the new topic arrives');
    await until(async () => sum(await committed(topic)) === 200, 'they are committed');
    await until(() => source.status().ready, 'the source is ready again');
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
    expect(back.status()).toMatchObject({ ready: true, restarts: 0, skipped: 15 });
  });

  it('passes over nothing that was written behind a cut, when an unclean election has shortened the log', async () => {
    const topic = await makeTopic(1, [2, 3], { 'unclean.leader.election.enable': 'true' });
    const [, leader, follower] = cluster.nodes as [KafkaNode, KafkaNode, KafkaNode];
    const said: Said[] = [];
    const sink = new TestSink(ACCEPT, ROOM);
    await consume(topic, sink, said);
    await publishAll(topic, 10, 'both');
    await until(async () => sum(await committed(topic)) === 10, 'what both brokers have is committed');
    try {
      await follower.kill();
      await until(async () => (await inSync(topic)).length === 1, 'the leader is alone');
      await publishAll(topic, 20, 'leader-only');
      await until(async () => sum(await committed(topic)) === 30, 'what one broker has is committed');
      await leader.kill();
      follower.start();
      await until(async () => {
        // The controller gives up a leader that is away when it notices it; an election before that changes nothing.
        await cluster.elect('unclean', topic, 1);
        return (await leaders(topic))[0] === follower.id;
      }, 'the one with less leads');
      // The publisher learns of the new leader by a failed try or two, which must not be one of those that count.
      await until(
        () =>
          publish(topic, 'first-behind-the-cut').then(
            () => true,
            () => false,
          ),
        'the new leader takes records',
      );
      const ids = await publishAll(topic, 60, 'behind-the-cut');
      await until(() => ids.every((id) => sink.times(id) > 0), 'every record behind the cut arrives', 90_000);
      await until(async () => (await lag(topic)) === 0, 'all is committed', 90_000);
      expect(said.map(({ event }) => event)).toContain('log-truncated');
    } finally {
      follower.start();
      leader.start();
    }
  }, 180_000);

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

describe('a worker on three brokers', () => {
  it('has a workflow for everything below its committed positions when it is killed while partitions move', async () => {
    const stack = { ...inject('stack'), kafka: { brokers: [...cluster.brokers] } };
    const limits = { linger: '60s', lingering: 20_000 };
    let live: LiveMigration | undefined;
    try {
      live = await startLiveMigration(stack, { limits });
      const { topics, consumerGroup } = live.migration;
      const [worker] = await Promise.all([live.startWorker('kafka'), live.startWorker('rocketmq')]);
      await live.setPolicy('setConsumption', { consumption: 'on' });
      await live.setPolicy('setPercentage', { hundredths: 5_000 });
      const published = publishWith(30, () => live?.publish({ sides: ['kafka'] }));
      const partitions = (await cluster.admin.fetchTopicOffsets(topics.kafka)).length;
      const joins = () => worker.log().split('joined the Kafka consumer group').length - 1;
      while (published.count() < 100 || joins() < 4) await movePartitions(topics.kafka, partitions, 3);
      await worker.kill();
      await published.stop();
      const below = await idsBelowCommits(topics.kafka, consumerGroup);
      const lost: string[] = [];
      for (const id of below) {
        const record = await live.read(id);
        if (record?.state === 'assigned' && !(await hasWorkflow(live, id))) lost.push(id);
      }
      expect(lost).toEqual([]);
    } finally {
      await live?.close();
    }
  }, 180_000);
});
