import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fingerprintOf } from '../../../../src/domain/message/bucket.js';
import {
  isBusinessId,
  isMessageId,
  type MessageRules,
  readMessage,
  type Stamps,
} from '../../../../src/domain/message/message.js';

const RULES: MessageRules = { body: 'json', bodyBytes: 100 };
const BODY = Buffer.from('{"amount":5}');
const ALLOWED = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-/+=@#~';

const read = (stamps: Stamps, body: Uint8Array | null = BODY, rules = RULES) => readMessage(stamps, body, rules);

describe('a message ID', () => {
  test('has 1 to 200 of the allowed characters', () => {
    const id = fc.string({ unit: fc.constantFrom(...ALLOWED), minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(id, (text) => {
        expect(isMessageId(text)).toBe(!text.startsWith('handover-'));
      }),
    );
    expect(isMessageId('x'.repeat(200))).toBe(true);
  });

  test('has no other character, wherever it stands', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }), fc.nat(2), (character, at) => {
        expect(isMessageId('ab'.slice(0, at) + character + 'ab'.slice(at))).toBe(ALLOWED.includes(character));
      }),
    );
  });

  test.each(['', 'x'.repeat(201), 'handover-rewards', 'a b', 'a{b}', 'a*', 'a\n', 'ä', 'a\u0000', 'a|b'])(
    'is not %j',
    (id) => {
      expect(isMessageId(id)).toBe(false);
    },
  );

  test('may hold the reserved beginning anywhere else', () => {
    expect(isMessageId('my-handover-1')).toBe(true);
    expect(isMessageId('handover')).toBe(true);
  });
});

describe('reading a delivery', () => {
  test('gives the message with what it bears', () => {
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    expect(read({ messageId: 'm-1', businessId: 'alice', traceparent })).toEqual({
      message: { messageId: 'm-1', businessId: 'alice', traceparent, body: BODY },
    });
  });

  test.each([
    ['missing-id', {}, BODY],
    ['missing-id', { messageId: '' }, BODY],
    ['malformed-id', { messageId: 'a b' }, BODY],
    ['malformed-id', { messageId: 'handover-rewards' }, BODY],
    ['empty', { messageId: 'm-1' }, null],
    ['empty', { messageId: 'm-1' }, Buffer.alloc(0)],
    ['too-large', { messageId: 'm-1' }, Buffer.alloc(101, ' ')],
    ['undecodable', { messageId: 'm-1' }, Buffer.from('{"amount":')],
    ['undecodable', { messageId: 'm-1' }, Buffer.from([0x22, 0xff, 0x22])],
    ['malformed-business-id', { messageId: 'm-1', businessId: '' }, BODY],
    ['malformed-business-id', { messageId: 'm-1', businessId: 'a\nb' }, BODY],
    ['malformed-business-id', { messageId: 'm-1', businessId: 'x'.repeat(201) }, BODY],
  ] as const)('says %s', (reason, stamps, body) => {
    expect(read(stamps, body)).toEqual({ rejected: reason });
  });

  test('takes a body of just the largest size', () => {
    const body = Buffer.from(`"${'x'.repeat(98)}"`);
    expect(read({ messageId: 'm-1' }, body)).toMatchObject({ message: { body } });
  });

  test('takes any bytes where the rules say so', () => {
    const body = Buffer.from([0xff, 0x00]);
    expect(read({ messageId: 'm-1' }, body, { ...RULES, body: 'bytes' })).toMatchObject({ message: { body } });
  });

  test('leaves out a traceparent that is none, and rewards the message all the same', () => {
    expect(read({ messageId: 'm-1', traceparent: 'nonsense' })).toEqual({ message: { messageId: 'm-1', body: BODY } });
  });

  test('never throws, whatever it is given', () => {
    const stamp = fc.option(fc.string({ unit: 'binary' }), { nil: undefined });
    const stamps = fc.record({ messageId: stamp, businessId: stamp, traceparent: stamp });
    fc.assert(
      fc.property(stamps, fc.option(fc.uint8Array({ maxLength: 200 })), (given, body) => {
        const reading = read(given, body);
        if ('message' in reading) expect(isMessageId(reading.message.messageId)).toBe(true);
        else expect(typeof reading.rejected).toBe('string');
      }),
    );
  });
});

test('a business ID is any text of 1 to 200 characters without control characters', () => {
  expect(['alice', 'Jürgen Müller', '会員-42', 'x'.repeat(200)].every(isBusinessId)).toBe(true);
  expect(['', 'a\u0000b', 'a\u007fb', 'x'.repeat(201)].some(isBusinessId)).toBe(false);
});

describe('the fingerprint', () => {
  test('is the first 8 bytes of SHA-256, as 16 hex digits', () => {
    const whole = createHash('sha256').update('{"amount":5}').digest('hex');
    expect(fingerprintOf(BODY)).toBe(whole.slice(0, 16));
  });

  test('tells payloads apart by a single byte', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1 }), fc.nat(), (body, at) => {
        const other = Uint8Array.from(body);
        const index = at % body.length;
        other[index] = (other[index] ?? 0) ^ 1;
        expect(fingerprintOf(other)).not.toBe(fingerprintOf(body));
      }),
    );
  });
});
