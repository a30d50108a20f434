import { createHash } from 'node:crypto';
import { deflateSync, gzipSync } from 'node:zlib';
import { Timestamp } from 'google-protobuf/google/protobuf/timestamp_pb.js';
import type { KafkaMessage } from 'kafkajs';
import lz4 from 'lz4js';
import { Endpoints } from 'rocketmq-client-nodejs';
import definitions from 'rocketmq-client-nodejs/proto/apache/rocketmq/v2/definition_pb.js';
import { describe, expect, it } from 'vitest';
import { kafkaDelivery } from '../../../src/brokers/kafka/delivery.js';
import { poppedDelivery } from '../../../src/brokers/rocketmq/delivery.js';
import { compressParts, zstdOfZeros, zstdStored } from '../../support/brokers/compressed.js';

describe('a Kafka record', () => {
  const record: KafkaMessage = {
    key: Buffer.from('u-1'),
    value: Buffer.from('{}'),
    timestamp: '1795411439052',
    attributes: 0,
    offset: '9007199254740993',
    headers: {
      'message-id': Buffer.from('m-1'),
      repeated: [Buffer.from('first'), 'last'],
      none: undefined,
      ['__proto__']: Buffer.from('x'),
    },
  };

  it('becomes a delivery, with offsets beyond what a number holds', () => {
    expect(kafkaDelivery('rewards', 3, record, 5)).toEqual({
      side: 'kafka',
      topic: 'rewards',
      coordinates: 'kafka:rewards/3/9007199254740993',
      properties: new Map([
        ['message-id', 'm-1'],
        ['repeated', 'last'],
        ['__proto__', 'x'],
      ]),
      key: 'u-1',
      body: Buffer.from('{}'),
      storedAt: 1795411439052,
      receivedAt: 5,
      brokerTime: { by: 5 },
    });
    expect(kafkaDelivery('rewards', 3, record, 5, { after: 2, by: 3 }).brokerTime).toEqual({ after: 2, by: 3 });
  });

  it('that was not read whole says so, which no header of a producer can', () => {
    const notes = { tooLarge: { bytes: 5_000_000 }, damaged: 'it cannot be read' };
    expect(kafkaDelivery('rewards', 3, { ...record, ...notes }, 5)).toMatchObject(notes);
    const forged = kafkaDelivery('rewards', 3, { ...record, headers: { tooLarge: '{}', damaged: 'x' } }, 5);
    expect(forged.tooLarge ?? forged.damaged).toBeUndefined();
  });

  it('may have neither key nor headers nor a body', () => {
    const { headers: _headers, ...bare } = { ...record, key: null, value: null };
    const delivery = kafkaDelivery('rewards', 0, bare as KafkaMessage, 5);
    expect(delivery).toMatchObject({ key: undefined, body: null, properties: new Map() });
  });
});

describe('a RocketMQ message', () => {
  const origin = {
    broker: 'broker-a',
    endpoints: new Endpoints('127.0.0.1:8081'),
    receivedAt: 5,
    askedAt: 1,
    bodyBytes: 100,
  };
  const { DigestType, Encoding } = definitions;

  function message(
    body: Buffer,
    change: (system: InstanceType<typeof definitions.SystemProperties>) => void = () => {},
  ) {
    const system = new definitions.SystemProperties()
      .setMessageId('01AB')
      .setKeysList(['m-1', 'other'])
      .setQueueId(2)
      .setQueueOffset(17)
      .setReceiptHandle('handle')
      .setDeliveryAttempt(1);
    change(system);
    const made = new definitions.Message()
      .setTopic(new definitions.Resource().setName('rewards'))
      .setBody(body)
      .setSystemProperties(system);
    made.getUserPropertiesMap().set('message-id', 'm-1');
    return made;
  }

  function digest(type: number, checksum: string) {
    return new definitions.Digest().setType(type).setChecksum(checksum);
  }

  it('becomes a delivery, with its queue and what it takes to acknowledge it', async () => {
    expect(await poppedDelivery(message(Buffer.from('{}')), origin)).toEqual({
      queue: 'broker-a/2',
      firstTime: true,
      askedAt: 1,
      handle: { topic: 'rewards', messageId: '01AB', receiptHandle: 'handle', endpoints: origin.endpoints },
      delivery: {
        side: 'rocketmq',
        topic: 'rewards',
        coordinates: 'rocketmq:rewards/broker-a/2/17',
        properties: new Map([['message-id', 'm-1']]),
        key: 'm-1 other',
        body: Buffer.from('{}'),
        storedAt: 5,
        receivedAt: 5,
        brokerTime: { by: 5 },
      },
    });
  });

  describe('was stored by its broker, whose clock may show anything,', () => {
    const AGE = 60_000;
    /** Handed out by the broker when it was that old, by the broker's clock; polled for from 1,000 to 1,200 here. */
    const brokerTimeOf = async (
      brokerNow: number,
      change: (system: InstanceType<typeof definitions.SystemProperties>) => void = () => {},
    ) => {
      const stored = new Timestamp();
      stored.fromDate(new Date(brokerNow - AGE));
      const made = message(Buffer.from('{}'), (system) => {
        system.setStoreTimestamp(stored).setReceiptHandle(`40 ${brokerNow} 10000 3 0 broker-a 2 47 123456`);
        change(system);
      });
      const { delivery } = await poppedDelivery(made, { ...origin, askedAt: 1_000_000, receivedAt: 1_000_200 });
      return delivery.brokerTime;
    };

    it.each([
      ['right', 1_764_200_000_000],
      ['a day ahead', 1_764_286_400_000],
      ['a day behind', 1_764_113_600_000],
    ])('so long before it was handed out as that clock, %s, says', async (_how, brokerNow) => {
      expect(await brokerTimeOf(brokerNow)).toEqual({ after: 1_000_000 - AGE, by: 1_000_200 - AGE });
    });

    it('and not surely after anything where it comes again, as it was stored anew for that', async () => {
      const again = await brokerTimeOf(1_764_200_000_000, (system) => system.setDeliveryAttempt(2));
      expect(again).toEqual({ by: 1_000_200 - AGE });
    });

    it.each([
      ['the handle does not say when it was handed out', 'AgEBAAEAAAD7qEpcv'],
      ['the handle is of a kind that we do not know', '1 2 3 4 0 broker-a 2 self'],
      ['it was handed out before it was stored: the clock was set', '40 1764199000000 10000 3 0 broker-a 2 47 1'],
    ])('by the time that it is here, and no more is known, where %s', async (_why, handle) => {
      expect(await brokerTimeOf(1_764_200_000_000, (system) => system.setReceiptHandle(handle))).toEqual({
        by: 1_000_200,
      });
    });

    it('never by the time at which its producer made it', async () => {
      const born = new Timestamp();
      born.fromDate(new Date(1_764_100_000_000));
      const forged = await brokerTimeOf(1_764_200_000_000, (system) =>
        system.setBornTimestamp(born).clearStoreTimestamp(),
      );
      expect(forged).toEqual({ by: 1_000_200 });
    });
  });

  it('is told from a redelivery', async () => {
    const again = message(Buffer.from('{}'), (system) => system.setDeliveryAttempt(2));
    expect((await poppedDelivery(again, origin)).firstTime).toBe(false);
  });

  it.each([
    ['gzip', gzipSync('{"a":1}')],
    ['zlib, as remoting producers compress', deflateSync('{"a":1}')],
    ['Zstandard, as they may be told to', zstdStored(Buffer.from('{"a":1}'))],
    ['LZ4, the same', Buffer.from(lz4.compress(Buffer.from('{"a":1}')))],
    ['nothing, where the broker has decompressed it', Buffer.from('{"a":1}')],
  ])('marked as compressed is read when it is compressed with %s', async (_how, body) => {
    const { delivery } = await poppedDelivery(
      message(body, (system) => system.setBodyEncoding(Encoding.GZIP)),
      origin,
    );
    expect(delivery.body?.toString()).toBe('{"a":1}');
    expect(delivery.damaged).toBeUndefined();
  });

  it.each([
    ['gzip', gzipSync(Buffer.alloc(1 << 20))],
    ['zlib', deflateSync(Buffer.alloc(1 << 20))],
    ['zstd', zstdOfZeros(1 << 30)],
    ['lz4', compressParts('lz4', [64 << 20])],
  ])('is too large when %s inflates it beyond the limit, and is kept as it came', async (encoding, body) => {
    const bomb = message(body, (system) => system.setBodyEncoding(Encoding.GZIP));
    const { delivery } = await poppedDelivery(bomb, origin);
    expect(delivery).toMatchObject({ body, tooLarge: { encoding } });
    expect(delivery.damaged).toBeUndefined();
  });

  it('is damaged when it cannot be decompressed', async () => {
    const cut = gzipSync('{"a":1}').subarray(0, 12);
    const { delivery } = await poppedDelivery(
      message(cut, (system) => system.setBodyEncoding(Encoding.GZIP)),
      origin,
    );
    expect(delivery.damaged).toMatch(/cannot be decompressed/);
    expect(delivery.body).toEqual(cut);
  });

  it('is damaged when it does not match its digest, and only then', async () => {
    const body = Buffer.from('{}');
    const md5 = createHash('md5').update(body).digest('hex').toUpperCase();
    const read = async (type: number, checksum: string) => {
      const popped = message(body, (system) => system.setBodyDigest(digest(type, checksum)));
      return (await poppedDelivery(popped, origin)).delivery.damaged;
    };
    expect(await read(DigestType.MD5, md5)).toBeUndefined();
    expect(await read(DigestType.MD5, md5.toLowerCase())).toBeUndefined();
    expect(await read(DigestType.MD5, 'FF')).toMatch(/md5/);
    expect(await read(DigestType.SHA1, md5)).toMatch(/sha1/);
    expect(await read(DigestType.DIGEST_TYPE_UNSPECIFIED, '')).toBeUndefined();
  });

  it('is read although it has no system properties at all', async () => {
    const bare = new definitions.Message().setBody(Buffer.from('x'));
    expect((await poppedDelivery(bare, origin)).delivery).toMatchObject({
      key: undefined,
      storedAt: 5,
      body: Buffer.from('x'),
    });
  });
});
