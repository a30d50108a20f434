import { randomUUID } from 'node:crypto';
import { type Admin, CompressionTypes, Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { createKafkaCopies } from '../../src/brokers/kafka/copies.js';
import type { Copies } from '../../src/brokers/source.js';

const { brokers } = inject('stack').kafka;
const topic = `t-copies-${randomUUID().slice(0, 8)}`;
const group = `${topic}-group`;
const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const kafka = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING });

let admin: Admin;
let copies: Copies;

beforeAll(async () => {
  admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: 3 }], waitForLeaders: true });
  const producer = kafka.producer();
  await producer.connect();
  const send = (partition: number, values: readonly string[], compression = CompressionTypes.None) =>
    producer.send({
      topic,
      compression,
      messages: values.map((value) => ({ partition, value, headers: { 'message-id': `id-${value}` } })),
    });
  await send(0, ['a', 'b', 'c'], CompressionTypes.GZIP);
  await send(0, ['d']);
  await send(1, ['e', 'f', 'g', 'h']);
  await producer.disconnect();
  copies = createKafkaCopies({ connection: { brokers }, topic, group, log });
});
afterAll(async () => {
  await admin.deleteTopics({ topics: [topic] });
  await admin.disconnect();
});

const at = (partition: number, offset: bigint) => ({ topic, partition, offset });

/** The bodies of what was read, or why there is none. */
async function read(...places: ReturnType<typeof at>[]): Promise<(string | undefined)[]> {
  const readings = await copies.read(places);
  return readings.map((reading) => ('gone' in reading ? `gone: ${reading.gone}` : reading.delivery.body?.toString()));
}

describe('copies on Kafka, read by their place', () => {
  test('gives the one record that lies there, also from within a compressed batch, as the source would', async () => {
    expect(await read(at(0, 1n), at(1, 3n), at(0, 3n), at(0, 0n))).toEqual(['b', 'h', 'd', 'a']);
    const [reading] = await copies.read([at(0, 1n)]);
    expect(reading).toMatchObject({
      delivery: {
        side: 'kafka',
        topic,
        coordinates: `kafka:${topic}/0/1`,
        properties: new Map([['message-id', 'id-b']]),
      },
    });
  });

  test('says why there is none: deleted, not written yet, no such partition; and gives the others all the same', async () => {
    // kafkajs knows the leaders of a topic that it was asked of before.
    await admin.fetchTopicOffsets(topic);
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 1, offset: '2' }] });
    const [deleted, kept, beyond, atEnd, nowhere] = await read(at(1, 1n), at(1, 2n), at(0, 99n), at(0, 4n), at(7, 0n));
    expect(deleted).toMatch(/^gone: the broker has deleted it/);
    expect(kept).toBe('g');
    expect(beyond).toMatch(/^gone/);
    expect(atEnd).toMatch(/^gone: the broker has it no more/);
    expect(nowhere).toMatch(/^gone: .*no partition 7/);
  });

  test('tells what the group has committed, as it is, and nothing where it has not', async () => {
    expect(await copies.committed()).toEqual(new Map());
    await admin.setOffsets({ groupId: group, topic, partitions: [{ partition: 1, offset: '1' }] });
    // Below where the log begins by now: it is told as it was committed, not where the group would go on.
    expect(await copies.committed()).toEqual(new Map([[1, 1n]]));
  });

  test('tells where each partition ends', async () => {
    expect(await copies.ends()).toEqual(
      new Map([
        [0, 4n],
        [1, 4n],
        [2, 0n],
      ]),
    );
  });

  test('makes no group, and moves none', async () => {
    const groups = async () =>
      (await admin.listGroups()).groups.map(({ groupId }) => groupId).filter((id) => id.includes(topic));
    await admin.setOffsets({ groupId: group, topic, partitions: [{ partition: 0, offset: '2' }] });
    const before = await groups();
    await read(at(0, 0n), at(0, 3n));
    expect(await groups()).toEqual(before);
    expect((await copies.committed()).get(0)).toBe(2n);
  });

  test('of a topic that is there no more all is gone, and a broker that is away is no answer', async () => {
    const missing = createKafkaCopies({ connection: { brokers }, topic: `${topic}-none`, group, log });
    const place = { topic: `${topic}-none`, partition: 0, offset: 0n };
    expect(await missing.read([place])).toEqual([{ gone: expect.stringContaining('there is no') }]);
    const away = createKafkaCopies({ connection: { brokers: ['127.0.0.1:1'] }, topic, group, log });
    await expect(away.read([at(0, 0n)])).rejects.toMatchObject({ code: 'broker-unavailable' });
    await expect(away.committed()).rejects.toMatchObject({ code: 'broker-unavailable' });
    await expect(away.ends()).rejects.toMatchObject({ code: 'broker-unavailable' });
  });
});
