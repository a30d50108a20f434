import kafkajs from 'kafkajs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createKafkaSource } from '../../../src/brokers/kafka/source.js';
import type { Delivery } from '../../../src/brokers/source.js';
import {
  type BrokerTopic,
  brokerConnections,
  makeBrokerTopic,
  QUIET,
  until,
} from '../../support/brokers/broker-topic.js';
import { compressParts } from '../../support/brokers/compressed.js';
import { type KafkaEncoding, publishRecords, type RawRecord } from '../../support/brokers/kafka-batches.js';
import { CompressingProducer } from '../../support/brokers/rocketmq-raw.js';
import { idOf, TestSink } from '../../support/test-sink.js';

const MIB = 1 << 20;
/** What the process may grow by, whatever it reads: each of the bombs below is larger, and they come one after the other. */
const GROWTH = 256 * MIB;

/** The most that this process has grown by since the call, resident, in bytes. */
function watchGrowth(): () => number {
  const before = process.memoryUsage.rss();
  let most = 0;
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss() - before);
  }, 5);
  onTestFinished(() => clearInterval(watch));
  return () => most;
}

const stamped = (id: string, record: Partial<RawRecord> = {}): RawRecord => ({
  value: Buffer.from(`{"id":"${id}"}`),
  headers: [['message-id', Buffer.from(id)]],
  ...record,
});

async function topicOn(side: 'kafka' | 'rocketmq'): Promise<BrokerTopic> {
  const on = await makeBrokerTopic(side);
  onTestFinished(() => on.close());
  return on;
}

describe('Kafka batches that inflate far beyond the bounds', () => {
  const reads = { bodyBytes: MIB, batchBytes: 8 * MIB };

  async function consume(on: BrokerTopic, sink: TestSink) {
    const { kafka: connection } = brokerConnections();
    const source = createKafkaSource({ connection, topic: on.topic, group: on.group, log: QUIET, reads });
    onTestFinished(() => source.stop(0));
    const kafka = new kafkajs.Kafka({ brokers: [...connection.brokers], logLevel: kafkajs.logLevel.NOTHING });
    const admin = kafka.admin();
    await admin.connect();
    onTestFinished(() => admin.disconnect());
    const caughtUp = async () => {
      const [answer] = await admin.fetchOffsets({ groupId: on.group, topics: [on.topic] });
      const ends = await admin.fetchTopicOffsets(on.topic);
      const end = Number(ends.find(({ partition }) => partition === 0)?.high);
      return end > 0 && Number(answer?.partitions.find(({ partition }) => partition === 0)?.offset) === end;
    };
    return { kafka, caughtUp, start: () => source.start(sink), status: () => source.status() };
  }

  it.each(['gzip', 'snappy', 'lz4', 'zstd'] as const)(
    'of %s give what is small, set aside by its offset what is large, and the partition moves on',
    async (encoding: KafkaEncoding) => {
      const on = await topicOn('kafka');
      const sink = new TestSink();
      const { kafka, caughtUp, start, status } = await consume(on, sink);
      // A batch for each: ten times the bound and more in one record, and in many; snappy cannot be packed so tightly.
      const large = encoding === 'snappy' ? 12 * MIB : 80 * MIB;
      for (let index = 0; index < 10; index += 1) {
        await publishRecords(kafka, { topic: on.topic, partition: 0 }, encoding, [
          stamped(`before-${index}`),
          stamped(`large-${index}`, { zeros: large }),
          stamped(`after-${index}`),
        ]);
      }
      const growth = watchGrowth();
      await start();
      await until(caughtUp, 'all is committed', 120_000);
      expect(status()).toMatchObject({ ready: true, restarts: 0 });
      expect(growth()).toBeLessThan(GROWTH);
      expect(sink.deliveries.map(idOf)).toEqual(
        Array.from({ length: 10 }, (_, index) => [`before-${index}`, `large-${index}`, `after-${index}`]).flat(),
      );
      for (const [offset, delivery] of sink.deliveries.entries()) {
        expect(delivery.coordinates).toBe(`kafka:${on.topic}/0/${offset}`);
        expect(delivery.tooLarge).toEqual(offset % 3 === 1 ? { bytes: large } : undefined);
      }
    },
  );

  it('of 3,000 records of 30 KB each are read record by record, and other partitions meanwhile', async () => {
    const on = await topicOn('kafka');
    const sink = new TestSink(async () => undefined, 1000);
    const { kafka, caughtUp, start, status } = await consume(on, sink);
    const records = Array.from({ length: 3_000 }, (_, index) => ({
      value: Buffer.from(''),
      zeros: 30_000,
      key: Buffer.from(String(index)),
    }));
    await publishRecords(kafka, { topic: on.topic, partition: 0 }, 'zstd', records);
    await publishRecords(kafka, { topic: on.topic, partition: 1 }, 'gzip', [stamped('other')]);
    let sum = 0;
    sink.course = async (delivery: Delivery) => {
      sum += delivery.body?.length ?? 0;
      // What is accepted is let go of, as intake does.
      sink.deliveries.length = 0;
      sink.accepted.length = 0;
    };
    const growth = watchGrowth();
    await start();
    await until(caughtUp, 'all is committed', 120_000);
    expect(sum).toBe(3_000 * 30_000 + '{"id":"other"}'.length);
    expect(status()).toMatchObject({ ready: true, restarts: 0 });
    expect(growth()).toBeLessThan(GROWTH);
  });
});

describe('RocketMQ bodies that inflate far beyond the bound', () => {
  it('are handed over once, as they came, and what lies among them too', async () => {
    const on = await topicOn('rocketmq');
    const { rocketmq } = brokerConnections();
    const producer = new CompressingProducer({
      endpoints: rocketmq.endpoints,
      namespace: '',
      maxAttempts: 1,
      logger: { info() {}, warn() {}, error() {} },
    });
    await producer.startup();
    onTestFinished(() => producer.shutdown());
    const encodings = ['gzip', 'zlib', 'zstd', 'lz4'] as const;
    const bodies = new Map(
      encodings.map((encoding) => [encoding, compressParts(encoding, [encoding === 'zlib' ? 256 * MIB : 800 * MIB])]),
    );
    for (let index = 0; index < 12; index += 1) {
      const encoding = encodings[index % 4] ?? 'gzip';
      const properties = new Map([['message-id', `large-${encoding}-${index}`]]);
      await producer.send({ topic: on.topic, properties, body: bodies.get(encoding) ?? Buffer.alloc(0) });
      const small = compressParts(encoding, [Buffer.from(`{"id":${index}}`)]);
      await producer.send({ topic: on.topic, properties: new Map([['message-id', `small-${index}`]]), body: small });
    }
    const growth = watchGrowth();
    const sink = new TestSink();
    const source = await on.start(sink);
    await until(() => sink.accepted.length >= 24, 'all arrive', 120_000);
    const now = Date.now();
    await until(() => (source.consumedUpTo() ?? 0) > now, 'all are acknowledged, and none comes again', 120_000);
    expect(sink.deliveries).toHaveLength(24);
    expect(growth()).toBeLessThan(GROWTH);
    for (const delivery of sink.deliveries) {
      const [kind, name] = idOf(delivery).split('-');
      if (kind === 'small') expect(delivery.body?.toString()).toBe(`{"id":${name}}`);
      else {
        expect(delivery.tooLarge).toEqual({ encoding: name });
        expect(delivery.body?.equals(bodies.get(name as 'gzip') ?? Buffer.alloc(0))).toBe(true);
      }
    }
  });
});
