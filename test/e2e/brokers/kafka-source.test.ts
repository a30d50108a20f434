import kafkajs, { type Admin, type Kafka } from 'kafkajs';
import Broker from 'kafkajs/src/broker/index.js';
import { it as base, describe, vi } from 'vitest';
import {
  type BrokerTopic,
  brokerConnections,
  makeBrokerTopic,
  publishIds,
  until,
} from '../../support/brokers/broker-topic.js';
import { ACCEPT, makeIds, openPromise, TestSink } from '../../support/test-sink.js';

interface Fixtures {
  readonly on: BrokerTopic;
  readonly kafka: Kafka;
  readonly admin: Admin;
}

const it = base.extend<Fixtures>({
  on: async ({ task: _task }, use) => {
    const on = await makeBrokerTopic('kafka');
    await use(on);
    await on.close();
  },
  kafka: async ({ task: _task }, use) => {
    await use(
      new kafkajs.Kafka({ brokers: [...brokerConnections().kafka.brokers], logLevel: kafkajs.logLevel.NOTHING }),
    );
  },
  admin: async ({ kafka }, use) => {
    const admin = kafka.admin();
    await admin.connect();
    await use(admin);
    await admin.disconnect();
  },
});

/** What the broker says the group has committed, by partition. */
async function committed(admin: Admin, { group, topic }: BrokerTopic): Promise<Map<number, number>> {
  const [answer] = await admin.fetchOffsets({ groupId: group, topics: [topic] });
  return new Map(answer?.partitions.map(({ partition, offset }) => [partition, Number(offset)]));
}

/** How much of the topic the group has not committed. */
async function lag(admin: Admin, on: BrokerTopic): Promise<number> {
  const offsets = await committed(admin, on);
  const ends = await admin.fetchTopicOffsets(on.topic);
  return ends.reduce((sum, { partition, high }) => sum + Number(high) - Math.max(0, offsets.get(partition) ?? 0), 0);
}

describe('the Kafka source', () => {
  it.concurrent('never commits past what is pending, by the broker’s own word', async ({ on, admin, expect }) => {
    const slow = openPromise();
    const held = new Map<number, number>();
    const sink = new TestSink((delivery) => {
      const [partition = 0, offset = 0] = delivery.coordinates.split('/').slice(1).map(Number);
      if (offset !== 3) return ACCEPT(delivery, 1);
      held.set(partition, offset);
      return slow.promise;
    });
    await on.start(sink);
    await publishIds(on, makeIds('m', 200));
    await until(() => sink.deliveries.length === 200, 'all messages arrive');
    await until(
      async () => [...(await committed(admin, on)).values()].every((offset) => offset === 3),
      'all else is committed',
    );
    expect(held.size).toBe(4);
    slow.resolve();
    await until(async () => (await lag(admin, on)) === 0, 'all is committed');
  });

  it.concurrent('loses nothing when a second consumer joins and leaves in mid-flow', async ({ on, admin, expect }) => {
    const slowly = () => new Promise<void>((resolve) => setTimeout(resolve, 20));
    const first = new TestSink(slowly);
    const second = new TestSink(slowly);
    const published: string[] = [];
    const publishWhile = async (condition: () => boolean) => {
      for (const limit = published.length + 20_000; condition() && published.length < limit; ) {
        const ids = makeIds(`m${published.length}`, 50);
        await publishIds(on, ids);
        published.push(...ids);
      }
    };
    await on.start(first);
    await publishWhile(() => first.accepted.length < 50);
    const joining = on.start(second);
    await publishWhile(() => second.accepted.length < 50);
    const leaving = (await joining).stop(5000);
    const soFar = first.accepted.length;
    await publishWhile(() => first.accepted.length < soFar + 50);
    await leaving;

    const accepted = () => new Set([...first.acceptedIds, ...second.acceptedIds]);
    await until(() => accepted().size === published.length, 'all messages are accepted');
    await until(async () => (await lag(admin, on)) === 0, 'all is committed');
    // What comes twice is what was pending at a rebalance, not what had been accepted long before.
    expect(first.deliveries.length + second.deliveries.length).toBeLessThan(published.length + 4 * 32);
  });

  it.concurrent('stays in its group while it is held for longer than a session', async ({ on, admin, expect }) => {
    const sink = new TestSink();
    await on.start(sink);
    sink.hold();
    const ids = makeIds('m', 50);
    await publishIds(on, ids);
    const members = async () =>
      (await admin.describeGroups([on.group])).groups[0]?.members.map(({ memberId }) => memberId);
    const before = await members();
    const since = Date.now();
    await until(() => Date.now() - since > 15_000, 'its session would be over');
    expect(await members()).toEqual(before);
    sink.release();
    await until(() => sink.acceptedIds.length === ids.length, 'all are accepted');
    expect(sink.deliveries).toHaveLength(ids.length);
  });

  it.concurrent('hands a tombstone over as a delivery without a body', async ({ on, expect }) => {
    await on.publisher.publish({
      topic: on.topic,
      key: 'k',
      properties: new Map([['message-id', 'gone']]),
      body: null,
    });
    const sink = new TestSink();
    await on.start(sink);
    await until(() => sink.deliveries.length === 1, 'it arrives');
    expect(sink.deliveries[0]).toMatchObject({ body: null, key: 'k', properties: new Map([['message-id', 'gone']]) });
  });

  it.concurrent('leaves out what a transaction took back, and commits over its markers', async ({
    on,
    kafka,
    admin,
    expect,
  }) => {
    const producer = kafka.producer({ transactionalId: on.topic, idempotent: true, maxInFlightRequests: 1 });
    await producer.connect();
    const record = (id: string) => ({ partition: 0, value: '{}', headers: { 'message-id': id } });
    for (const [id, end] of [
      ['kept', 'commit'],
      ['taken-back', 'abort'],
    ] as const) {
      const transaction = await producer.transaction();
      await transaction.send({ topic: on.topic, messages: [record(id)] });
      await transaction[end]();
    }
    await producer.disconnect();
    const sink = new TestSink();
    const source = await on.start(sink);
    await until(async () => (await lag(admin, on)) === 0, 'all is committed, markers included');
    expect(sink.ids).toEqual(['kept']);
    const now = Date.now();
    await until(() => (source.consumedUpTo() ?? 0) > now, 'the topic is past');
  });

  it.concurrent('consumes partitions that are added while it runs', async ({ on, kafka, admin, expect }) => {
    const sink = new TestSink();
    const source = await on.start(sink);
    await admin.createPartitions({ topicPartitions: [{ topic: on.topic, count: 6 }] });
    const producer = kafka.producer();
    await producer.connect();
    const publishedAt = Date.now();
    await producer.send({
      topic: on.topic,
      messages: [{ partition: 5, value: '{}', headers: { 'message-id': 'added' } }],
    });
    await producer.disconnect();
    // Until the consumer has it, nothing of that time may be past, although all other partitions are.
    await until(
      () => sink.deliveries.length === 1 || (source.consumedUpTo() ?? 0) > publishedAt,
      'it arrives, or is passed over',
    );
    expect(sink.deliveries[0]?.coordinates).toBe(`kafka:${on.topic}/5/0`);
    await until(() => (source.consumedUpTo() ?? 0) > publishedAt, 'it is past');
  });

  // Not at the same time as others: it is done to all of kafkajs's clients in this process.
  it('says what ends its client for good, and goes on once that is over', async ({ on, admin, expect }) => {
    const sink = new TestSink();
    const source = await on.start(sink);
    await publishIds(on, ['before']);
    await until(() => sink.acceptedIds.length === 1, 'the first message is accepted');
    await until(async () => (await lag(admin, on)) === 0, 'it is committed');

    const fault = new kafkajs.KafkaJSNonRetriableError('the answer cannot be understood');
    const fetches = vi.spyOn(Broker.prototype, 'fetch').mockRejectedValue(fault);
    try {
      await publishIds(on, makeIds('meanwhile', 20));
      await until(() => source.status().restarts > 1, 'the consumer is built anew, in vain');
      const { ready, reason } = source.status();
      expect(ready || reason).toMatch(/failed: the answer cannot be understood/);
    } finally {
      fetches.mockRestore();
    }
    await until(() => sink.acceptedIds.length === 21, 'all of them are accepted');
    await until(() => source.status().ready, 'the source is ready');
  });
});
