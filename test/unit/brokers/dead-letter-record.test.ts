import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEAD_LETTER_STAMPS, deadLetterRecord, type RecordLimits } from '../../../src/brokers/dead-letter-record.js';
import type { Delivery } from '../../../src/brokers/source.js';

const what = {
  reason: 'malformed-id',
  time: new Date('2026-11-23T10:00:00.000Z'),
  topic: 'rewards-dead-letter',
} as const;
const strict: RecordLimits = { properties: 128, propertyBytes: 16 << 10, bodyBytes: 1000, strict: true };
const lax: RecordLimits = { properties: Infinity, propertyBytes: Infinity, bodyBytes: Infinity, strict: false };

function delivery(fields: Partial<Delivery> = {}): Delivery {
  return {
    side: 'rocketmq',
    topic: 'rewards',
    coordinates: 'rocketmq:rewards/broker-a/3/17',
    properties: new Map([['message-id', 'm-1']]),
    key: 'm-1',
    body: Buffer.from('{}'),
    storedAt: 1,
    receivedAt: 2,
    ...fields,
  };
}

describe('a dead letter', () => {
  it('is the delivery as it was, with the reason, the source and the time', () => {
    const properties = new Map([
      ['message-id', 'm-1'],
      ['business-id', 'u-1'],
      ['other', 'x'],
    ]);
    const record = deadLetterRecord(delivery({ properties }), what, strict);
    expect(record).toMatchObject({ topic: what.topic, key: 'm-1', body: Buffer.from('{}') });
    expect(Object.fromEntries(record.properties)).toEqual({
      'message-id': 'm-1',
      'business-id': 'u-1',
      other: 'x',
      'handover-reason': 'malformed-id',
      'handover-source': 'rocketmq:rewards/broker-a/3/17',
      'handover-time': '2026-11-23T10:00:00.000Z',
    });
  });

  it('keeps a tombstone where there are tombstones, and marks what stands for it where there are none', () => {
    expect(deadLetterRecord(delivery({ body: null }), what, lax).body).toBeNull();
    const record = deadLetterRecord(delivery({ body: null }), what, strict);
    expect(record.body?.length).toBeGreaterThan(0);
    expect(record.properties.get(DEAD_LETTER_STAMPS.nullBody)).toBe('true');
    const empty = deadLetterRecord(delivery({ body: Buffer.alloc(0) }), what, strict);
    expect(empty.body?.length).toBeGreaterThan(0);
    expect(empty.properties.get(DEAD_LETTER_STAMPS.emptyBody)).toBe('true');
  });

  it('keeps the beginning of a body that is too large, and says how large it was', () => {
    const record = deadLetterRecord(delivery({ body: Buffer.alloc(5000, 'x') }), what, strict);
    expect(record.body).toEqual(Buffer.alloc(1000, 'x'));
    expect(record.properties.get(DEAD_LETTER_STAMPS.truncated)).toBe('5000');
  });

  it('leaves out what does not fit, names it, and keeps the stamps that identify the message', () => {
    const many = Array.from({ length: 200 }, (_, index): [string, string] => [`p${index}`, 'v']);
    const properties = new Map([...many, ['message-id', 'm-1'], ['traceparent', '00-1']]);
    const record = deadLetterRecord(delivery({ properties }), what, strict);
    expect(record.properties.size).toBe(128);
    expect(record.properties.get('message-id')).toBe('m-1');
    expect(record.properties.get('traceparent')).toBe('00-1');
    expect(record.properties.get(DEAD_LETTER_STAMPS.omitted)).toMatch(/^p122, p123, .*p199$/);
  });

  it('leaves out names and values with control characters, and a key that is blank', () => {
    const properties = new Map([
      ['message-id', 'm\u00001'],
      ['line\nbreak', 'v'],
      ['fine', 'ö'],
    ]);
    const record = deadLetterRecord(delivery({ properties, key: ' ' }), what, strict);
    expect(record.properties.get('fine')).toBe('ö');
    expect(record.properties.get(DEAD_LETTER_STAMPS.omitted)).toBe('message-id, line?break');
    expect(record.key).toBeUndefined();
    expect(deadLetterRecord(delivery({ properties }), what, lax).properties.get('message-id')).toBe('m\u00001');
  });

  it('tells of its own journey when it was a dead letter before', () => {
    const properties = new Map([[DEAD_LETTER_STAMPS.reason, 'too-old']]);
    expect(deadLetterRecord(delivery({ properties }), what, strict).properties.get(DEAD_LETTER_STAMPS.reason)).toBe(
      'malformed-id',
    );
  });

  it('stays within the limits, whatever the delivery', () => {
    const texts = fc.string({ unit: 'binary', maxLength: 3000 });
    const deliveries = fc.record({
      properties: fc.array(fc.tuple(texts, texts), { maxLength: 20 }).map((entries) => new Map(entries)),
      key: fc.option(texts, { nil: undefined }),
      body: fc.option(
        fc.uint8Array({ maxLength: 2000 }).map((bytes) => Buffer.from(bytes)),
        { nil: null },
      ),
    });
    fc.assert(
      fc.property(
        deliveries,
        fc.constantFrom(strict, { ...strict, properties: 16, propertyBytes: 4 << 10 }),
        (fields, limits) => {
          const record = deadLetterRecord(delivery(fields), what, limits);
          const texts = [...record.properties].flat().concat(record.key ?? []);
          expect(record.properties.size).toBeLessThanOrEqual(limits.properties);
          expect(texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0)).toBeLessThanOrEqual(
            limits.propertyBytes,
          );
          expect(texts.filter((text) => /\p{Cc}/u.test(text))).toEqual([]);
          expect(record.body?.length ?? 0).toBeGreaterThan(0);
          expect(record.body?.length).toBeLessThanOrEqual(limits.bodyBytes);
          expect(record.properties.get(DEAD_LETTER_STAMPS.reason)).toBe('malformed-id');
          const kept = (name: string) => record.properties.get(name) === fields.properties.get(name);
          const dropped = [...fields.properties.keys()].filter((name) => !kept(name) && !name.startsWith('handover-'));
          expect(record.properties.has(DEAD_LETTER_STAMPS.omitted)).toBe(dropped.length > 0);
        },
      ),
      { numRuns: 60 },
    );
  });
});
