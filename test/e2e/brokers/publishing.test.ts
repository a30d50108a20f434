import { randomUUID } from 'node:crypto';
import kafkajs from 'kafkajs';
import { it as base, describe } from 'vitest';
import { DEAD_LETTER_STAMPS } from '../../../src/brokers/dead-letter-record.js';
import { createKafkaDeadLetters, createRocketmqDeadLetters } from '../../../src/brokers/dead-letters.js';
import { createDualProducer } from '../../../src/brokers/dual-producer.js';
import type { Delivery } from '../../../src/brokers/source.js';
import { SIDES } from '../../../src/domain/side.js';
import {
  type BrokerTopic,
  brokerConnections,
  makeBrokerTopic,
  QUIET,
  until,
} from '../../support/brokers/broker-topic.js';
import { idOf, makeIds, TestSink } from '../../support/test-sink.js';

/** Reads the topic until it has so many deliveries. */
async function read(on: BrokerTopic, count: number): Promise<readonly Delivery[]> {
  const sink = new TestSink();
  await on.start(sink);
  await until(() => sink.deliveries.length >= count, `${count} deliveries arrive`);
  return sink.deliveries;
}

describe.each(SIDES)('dead letters on %s', (side) => {
  const it = base.extend<{ on: BrokerTopic }>({
    on: async ({ task: _task }, use) => {
      const on = await makeBrokerTopic(side);
      await use(on);
      await on.close();
    },
  });

  function deadLettersTo({ topic }: Pick<BrokerTopic, 'topic'>) {
    const { kafka, rocketmq } = brokerConnections();
    return side === 'kafka'
      ? createKafkaDeadLetters({ connection: kafka, topic, log: QUIET })
      : createRocketmqDeadLetters({ connection: rocketmq, topic, log: QUIET });
  }

  function delivery(fields: Partial<Delivery>): Delivery {
    const coordinates = side === 'kafka' ? 'kafka:rewards/1/7' : 'rocketmq:rewards/broker-a/1/7';
    const common = { side, topic: 'rewards', coordinates, key: 'k', storedAt: 1, receivedAt: 2 };
    return { ...common, properties: new Map([['message-id', 'm-1']]), body: Buffer.from('{}'), ...fields };
  }

  it.concurrent('hold the body, the stamps, the reason, the source and the time', async ({ on, expect }) => {
    const before = Date.now();
    const deadLetters = deadLettersTo(on);
    const body = Buffer.from([0, 1, 254, 255]);
    await deadLetters.send(delivery({ body, properties: new Map([['message-id', 'bad id']]) }), 'malformed-id');
    await deadLetters.close();
    const [letter] = await read(on, 1);
    expect(letter).toMatchObject({ body, key: 'k' });
    const { [DEAD_LETTER_STAMPS.time]: time, ...stamps } = Object.fromEntries(letter?.properties ?? []);
    expect(stamps).toMatchObject({
      'message-id': 'bad id',
      'handover-reason': 'malformed-id',
      'handover-source': delivery({}).coordinates,
    });
    expect(Date.parse(time ?? '')).toBeGreaterThanOrEqual(before);
  });

  it('are refused at once where there is no such topic, so that they can be kept elsewhere', async ({ expect }) => {
    const deadLetters = deadLettersTo({ topic: `missing-${randomUUID()}` });
    const sent = deadLetters.send(delivery({}), 'malformed-id');
    await expect(sent).rejects.toMatchObject({ code: 'dead-letters-refused', cause: { code: 'topic-missing' } });
    await deadLetters.close();
  });

  it.concurrent('are taken whatever the delivery was', async ({ on, expect }) => {
    const deadLetters = deadLettersTo(on);
    const many = new Map(Array.from({ length: 128 }, (_, index) => [`p${index}`, 'v'.repeat(100)]));
    const odd: Partial<Delivery>[] = [
      { body: null },
      { body: Buffer.alloc(0) },
      { key: '' },
      { key: ' ' },
      { properties: new Map() },
      { properties: new Map([['message-id', '']]) },
      { properties: new Map([['message-id', 'line\nbreak']]) },
      { properties: new Map([['KEYS', 'a name of the broker’s own']]) },
      { properties: many },
      { properties: new Map([['large', 'x'.repeat(15_000)]]) },
      { body: Buffer.alloc(4 << 20, 'x'), properties: many },
    ];
    for (const [index, fields] of odd.entries()) {
      await deadLetters.send(delivery({ ...fields, coordinates: `${side}:odd/0/${index}` }), 'missing-id');
    }
    await deadLetters.close();
    const letters = await read(on, odd.length);
    const sources = letters.map(({ properties }) => properties.get(DEAD_LETTER_STAMPS.source));
    expect(new Set(sources)).toEqual(new Set(odd.map((_, index) => `${side}:odd/0/${index}`)));
  });
});

describe('dead letters on Kafka', () => {
  base('fit a topic that takes small records only', async ({ expect }) => {
    const { kafka } = brokerConnections();
    const on = await makeBrokerTopic('kafka');
    const admin = new kafkajs.Kafka({ brokers: [...kafka.brokers], logLevel: kafkajs.logLevel.NOTHING }).admin();
    await admin.connect();
    await admin.alterConfigs({
      validateOnly: false,
      resources: [
        {
          type: kafkajs.ConfigResourceTypes.TOPIC,
          name: on.topic,
          configEntries: [{ name: 'max.message.bytes', value: '100000' }],
        },
      ],
    });
    await admin.disconnect();
    const deadLetters = createKafkaDeadLetters({ connection: kafka, topic: on.topic, log: QUIET });
    const common = { side: 'kafka', topic: 'rewards', coordinates: 'kafka:rewards/0/1', key: undefined } as const;
    const properties = new Map([['message-id', 'm-1']]);
    await deadLetters.send(
      { ...common, properties, body: Buffer.alloc(500_000, 'x'), storedAt: 1, receivedAt: 2 },
      'too-large',
    );
    await deadLetters.close();
    const [letter] = await read(on, 1);
    expect(letter?.properties.get(DEAD_LETTER_STAMPS.truncated)).toBe('500000');
    expect(letter?.body?.length).toBeGreaterThan(0);
    await on.close();
  });
});

describe('the dual producer', () => {
  const it = base.extend<{ old: BrokerTopic; fresh: BrokerTopic }>({
    old: async ({ task: _task }, use) => {
      const on = await makeBrokerTopic('kafka');
      await use(on);
      await on.close();
    },
    fresh: async ({ task: _task }, use) => {
      const on = await makeBrokerTopic('rocketmq');
      await use(on);
      await on.close();
    },
  });

  it('writes every message to both brokers under one ID, at many callers’ request', async ({ old, fresh, expect }) => {
    const topics = { kafka: old.topic, rocketmq: fresh.topic };
    const producer = createDualProducer({ ...brokerConnections(), topics });
    const bodies = makeIds('body', 300).map((text) => JSON.stringify({ text }));
    const reports = await Promise.all(bodies.map((body) => producer.send({ body, businessId: 'u-1' })));
    await producer.close();
    expect(reports.filter(({ kafka, rocketmq }) => !(kafka?.ok && rocketmq?.ok))).toEqual([]);

    const bodyOf = new Map(reports.map(({ messageId }, index) => [messageId, bodies[index]]));
    expect(bodyOf.size).toBe(bodies.length);
    for (const on of [old, fresh]) {
      const deliveries = await read(on, bodies.length);
      expect(new Map(deliveries.map((delivery) => [idOf(delivery), delivery.body?.toString()]))).toEqual(bodyOf);
      for (const { properties, key } of deliveries) {
        expect(properties.get('business-id')).toBe('u-1');
        if (on === fresh) expect(key).toBe(properties.get('message-id'));
      }
    }
  });

  it('reports the half whose broker is away, and writes the other', async ({ old, expect }) => {
    const connections = { ...brokerConnections(), rocketmq: { endpoints: '127.0.0.1:1', tls: false } };
    const producer = createDualProducer({ ...connections, topics: { kafka: old.topic, rocketmq: 'none' } });
    const report = await producer.send({ body: '{}' });
    await producer.close();
    expect(report.kafka).toMatchObject({ ok: true, coordinates: expect.stringContaining(`kafka:${old.topic}/`) });
    expect(report.rocketmq).toMatchObject({ ok: false, error: { code: 'broker-unavailable' } });
    expect((await read(old, 1)).map(idOf)).toEqual([report.messageId]);
  });
});
