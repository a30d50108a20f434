import { describe, expect, it } from 'vitest';
import { DEAD_LETTER_STAMPS } from '../../../src/brokers/dead-letter-record.js';
import { deadLettersOn } from '../../../src/brokers/dead-letters.js';
import type { Delivery } from '../../../src/brokers/source.js';
import { HandoverError } from '../../../src/domain/errors.js';
import { FakePublisher } from './fake-publisher.js';

const limits = { properties: 128, propertyBytes: 16 << 10, bodyBytes: 4 << 20, strict: true };
const refused = new HandoverError('broker-refused', 'no');
const away = new HandoverError('broker-unavailable', 'away');

const delivery: Delivery = {
  side: 'rocketmq',
  topic: 'rewards',
  coordinates: 'rocketmq:rewards/broker-a/3/17',
  properties: new Map([
    ['message-id', 'm-1'],
    ...Array.from({ length: 100 }, (_, index) => [`p${index}`, 'v'] as const),
  ]),
  key: undefined,
  body: Buffer.alloc(1 << 20, 'x'),
  storedAt: 1,
  receivedAt: 2,
};

describe('dead letters', () => {
  it('are published whole where the broker takes them', async () => {
    const publisher = new FakePublisher('rocketmq');
    await deadLettersOn(publisher, 'dead', limits).send(delivery, 'too-large');
    expect(publisher.published).toHaveLength(1);
    expect(publisher.published[0]?.topic).toBe('dead');
    expect(publisher.published[0]?.body).toBe(delivery.body);
  });

  it('lose as much of their body as the broker insists on, before any property', async () => {
    const publisher = new FakePublisher('kafka', ({ body }) => ((body?.length ?? 0) > 500_000 ? refused : undefined));
    await deadLettersOn(publisher, 'dead', limits).send(delivery, 'too-large');
    const [record] = publisher.published;
    expect(record?.properties.get('p99')).toBe('v');
    expect(record?.properties.get(DEAD_LETTER_STAMPS.truncated)).toBe(String(1 << 20));
  });

  it('lose properties rather than fail, and keep their body then', async () => {
    const publisher = new FakePublisher('kafka', ({ properties }) => (properties.size > 20 ? refused : undefined));
    await deadLettersOn(publisher, 'dead', limits).send(delivery, 'too-large');
    const [record] = publisher.published;
    expect(record?.body).toHaveLength(1 << 20);
    expect(record?.properties.get('message-id')).toBe('m-1');
    expect(record?.properties.get(DEAD_LETTER_STAMPS.omitted)).toContain('p99');
  });

  it('leave the delivery with the broker while it is away, without trying less', async () => {
    const publisher = new FakePublisher('kafka', () => away);
    await expect(deadLettersOn(publisher, 'dead', limits).send(delivery, 'too-old')).rejects.toBe(away);
    expect(publisher.attempts).toHaveLength(1);
  });

  it('are to be kept elsewhere when nothing is taken at all, or the topic is missing, for what the broker said', async () => {
    const sent = deadLettersOn(new FakePublisher('kafka', () => refused), 'dead', limits).send(delivery, 'too-old');
    await expect(sent).rejects.toMatchObject({
      code: 'dead-letters-refused',
      message: 'the dead-letter topic dead takes nothing of a delivery: no',
      cause: refused,
    });
    const missing = new HandoverError('topic-missing', 'no such topic');
    const publisher = new FakePublisher('kafka', () => missing);
    await expect(deadLettersOn(publisher, 'dead', limits).send(delivery, 'too-old')).rejects.toMatchObject({
      code: 'dead-letters-refused',
    });
    expect(publisher.attempts).toHaveLength(1);
  });

  it('say how a body is compressed that is kept as it came, how long one was that is not whole, and what was wrong', async () => {
    const publisher = new FakePublisher('kafka');
    const dead = deadLettersOn(publisher, 'dead', limits);
    await dead.send({ ...delivery, tooLarge: { encoding: 'zstd' } }, 'too-large');
    await dead.send({ ...delivery, tooLarge: { bytes: 67_108_864 } }, 'too-large');
    await dead.send({ ...delivery, damaged: 'cut\noff' }, 'undecodable');
    await dead.send(delivery, 'temporal-refuses', 'Blob data size exceeds limit.');
    const stamps = publisher.published.map(({ properties }) =>
      [DEAD_LETTER_STAMPS.encoding, DEAD_LETTER_STAMPS.truncated, DEAD_LETTER_STAMPS.detail].map((name) =>
        properties.get(name),
      ),
    );
    expect(stamps).toEqual([
      ['zstd', undefined, undefined],
      [undefined, '67108864', undefined],
      [undefined, undefined, 'cut?off'],
      [undefined, undefined, 'Blob data size exceeds limit.'],
    ]);
  });
});
