import { version } from 'uuid';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { dualProducerOn } from '../../../src/brokers/dual-producer.js';
import { HandoverError } from '../../../src/domain/errors.js';
import { FakePublisher } from './fake-publisher.js';

const topics = { kafka: 'old', rocketmq: 'new' };
const away = new HandoverError('broker-unavailable', 'away');
const refused = new HandoverError('broker-refused', 'no');

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function producerOver(kafka = new FakePublisher('kafka'), rocketmq = new FakePublisher('rocketmq')) {
  return { kafka, rocketmq, producer: dualProducerOn({ kafka, rocketmq }, topics) };
}

describe('the dual producer', () => {
  it('writes both brokers under one ID, which it draws when none is given', async () => {
    const { kafka, rocketmq, producer } = producerOver();
    const report = await producer.send({ body: '{"amount":1}', businessId: 'u-1', key: 'u-1' });
    expect(version(report.messageId)).toBe(7);
    expect(report).toEqual({
      messageId: report.messageId,
      kafka: { ok: true, coordinates: 'kafka:old/0/0' },
      rocketmq: { ok: true, coordinates: 'rocketmq:new/0/0' },
    });
    const properties = new Map([
      ['message-id', report.messageId],
      ['business-id', 'u-1'],
    ]);
    const body = Buffer.from('{"amount":1}');
    expect(kafka.published).toEqual([{ topic: 'old', properties, body, key: 'u-1' }]);
    expect(rocketmq.published).toEqual([{ topic: 'new', properties, body, key: report.messageId }]);
    expect((await producer.send({ body: '{}' })).messageId).not.toBe(report.messageId);
  });

  it('keeps the ID and the trace that it is given', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const { kafka, producer } = producerOver();
    await producer.send({ messageId: 'order-1', traceparent, body: Buffer.from('{}') });
    expect(kafka.published[0]?.properties.get('message-id')).toBe('order-1');
    expect(kafka.published[0]?.properties.get('traceparent')).toBe(traceparent);
  });

  it('repeats a half that failed with the same ID, and the other half not at all', async () => {
    const { kafka, rocketmq, producer } = producerOver(
      new FakePublisher('kafka', (_record, attempt) => (attempt < 3 ? away : undefined)),
    );
    const sent = producer.send({ body: '{}' });
    await vi.runAllTimersAsync();
    const report = await sent;
    expect(report).toMatchObject({ kafka: { ok: true }, rocketmq: { ok: true } });
    expect(kafka.attempts.map(({ properties }) => properties.get('message-id'))).toEqual(
      Array(3).fill(report.messageId),
    );
    expect(rocketmq.attempts).toHaveLength(1);
  });

  it('reports the half that failed for good, and throws nothing', async () => {
    const { rocketmq, producer } = producerOver(undefined, new FakePublisher('rocketmq', () => away));
    const sent = producer.send({ body: '{}' });
    await vi.runAllTimersAsync();
    expect(await sent).toMatchObject({ kafka: { ok: true }, rocketmq: { ok: false, error: away } });
    expect(rocketmq.attempts.length).toBeGreaterThan(1);
  });

  it('does not repeat what a broker refuses', async () => {
    const { kafka, producer } = producerOver(new FakePublisher('kafka', () => refused));
    expect((await producer.send({ body: '{}' })).kafka).toEqual({ ok: false, error: refused });
    expect(kafka.attempts).toHaveLength(1);
  });

  it('writes one side only when told so, and reports that one only', async () => {
    const { kafka, rocketmq, producer } = producerOver();
    const report = await producer.send({ body: '{}', sides: ['rocketmq'] });
    expect(Object.keys(report)).toEqual(['messageId', 'rocketmq']);
    expect([kafka.attempts.length, rocketmq.attempts.length]).toEqual([0, 1]);
  });

  it.each([
    [{ messageId: 'handover-x', body: '{}' }, 'malformed-id'],
    [{ messageId: '', body: '{}' }, 'missing-id'],
    [{ body: '' }, 'empty'],
    [{ body: 'not json' }, 'undecodable'],
    [{ body: '{}', businessId: '' }, 'malformed-business-id'],
  ])('writes nothing of %j, which would be dead-lettered', async (message, reason) => {
    const { kafka, rocketmq, producer } = producerOver();
    await expect(producer.send(message)).rejects.toMatchObject({
      code: 'message-invalid',
      message: expect.stringContaining(reason),
    });
    expect([kafka.attempts.length, rocketmq.attempts.length]).toEqual([0, 0]);
  });

  it('takes the body that its rules allow', async () => {
    const kafka = new FakePublisher('kafka');
    const rules = { body: 'bytes', bodyBytes: 4 } as const;
    const producer = dualProducerOn({ kafka, rocketmq: new FakePublisher('rocketmq') }, topics, rules);
    await producer.send({ body: Buffer.from([0, 255]) });
    expect(kafka.published[0]?.body).toEqual(Buffer.from([0, 255]));
    await expect(producer.send({ body: '12345' })).rejects.toThrow('too-large');
  });

  it('closes both sides', async () => {
    const { kafka, rocketmq, producer } = producerOver();
    await producer.close();
    expect([kafka.closed, rocketmq.closed]).toEqual([true, true]);
  });
});
