import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AnswerCondition,
  isJsonPointer,
  valueAt,
  whyUnmet,
} from '../../../../src/domain/reward/answer-condition.js';

const absent: AnswerCondition = { status: [404], json: [{ pointer: '/error/code', anyOf: ['NOT_FOUND', 17] }] };

function why(condition: AnswerCondition, status: number, body: string | Uint8Array, headers = {}): string | undefined {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  return whyUnmet(condition, { status, headers, body: bytes }, 'm-1');
}

describe('a condition on an answer', () => {
  it('is met where the status and the mark in the body are there', () => {
    expect(why(absent, 404, '{"error":{"code":"NOT_FOUND"}}')).toBeUndefined();
    expect(why(absent, 404, '\ufeff{"error":{"code":17},"more":[1]}')).toBeUndefined();
  });

  it.each<[string, number, string | Uint8Array]>([
    ['another status', 200, '{"error":{"code":"NOT_FOUND"}}'],
    ['no body', 404, ''],
    ['a page of HTML', 404, '<html><body>Not Found</body></html>'],
    ['half an answer', 404, '{"error":{"code":"NOT_FO'],
    ['another value', 404, '{"error":{"code":"NO_ROUTE"}}'],
    ['a number in the place of a text', 404, '{"error":{"code":"17"}}'],
    ['a value elsewhere', 404, '{"code":"NOT_FOUND"}'],
    ['a text in the place of an object', 404, '{"error":"NOT_FOUND"}'],
    ['null', 404, 'null'],
    ['bytes that are no text', 404, new Uint8Array([0x1f, 0x8b, 0xff, 0x00])],
    ['brackets without end', 404, '['.repeat(65_000)],
  ])('is not met by %s', (_what, status, body) => {
    expect(why(absent, status, body)).toEqual(expect.any(String));
  });

  it('takes all that it names', () => {
    const condition: AnswerCondition = {
      status: [200, 201],
      json: [
        { pointer: '/state', anyOf: ['DONE'] },
        { pointer: '/list/1', anyOf: [true] },
      ],
      headers: [{ name: 'x-provider', anyOf: ['acme'] }],
      text: 'DONE',
    };
    const headers = { 'x-provider': 'acme' };
    expect(why(condition, 201, '{"state":"DONE","list":[0,true]}', headers)).toBeUndefined();
    expect(why(condition, 201, '{"state":"DONE","list":[0,true]}')).toMatch('no header x-provider');
    expect(why(condition, 201, '{"state":"DONE","list":[0]}', headers)).toMatch('/list/1');
    expect(why(condition, 201, '{"state":"DONE","list":[0,true]}', { 'x-provider': ['acme', 'acme'] })).toMatch(
      'another',
    );
  });

  it('knows the answer to another message, say from a cache, by the ID', () => {
    const condition: AnswerCondition = { status: [200], json: [{ pointer: '/id', anyOf: ['{messageId}'] }] };
    expect(why(condition, 200, '{"id":"m-1"}')).toBeUndefined();
    expect(why(condition, 200, '{"id":"m-2"}')).toMatch('another value at /id');
    const answer = { status: 200, headers: {}, body: new TextEncoder().encode('{"id":"a"}') };
    // An ID may hold what a replacement would read as a pattern.
    expect(whyUnmet({ status: [200], json: [{ pointer: '/id', anyOf: ['{messageId}'] }] }, answer, '$&')).toMatch(
      'another',
    );
  });

  it('says nothing of what came with the answer but its status', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 8 }), fc.string({ minLength: 8 }), (value, key) => {
        const said = why(absent, 404, JSON.stringify({ error: { code: `${value}!` }, [key]: value }), { [key]: value });
        expect(said).toBe('the body has another value at /error/code');
      }),
    );
  });

  it('throws at nothing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 200, max: 599 }), (body, status) => {
        expect(why({ ...absent, text: 'x' }, status, body)).toEqual(expect.any(String));
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('a JSON Pointer', () => {
  const root = { '': 1, 'a/b': 2, 'm~n': 3, list: ['x', 'y'], __proto__x: 4 };

  it.each([
    ['', root],
    ['/', 1],
    ['/a~1b', 2],
    ['/m~0n', 3],
    ['/list/1', 'y'],
    ['/list/01', undefined],
    ['/list/-', undefined],
    ['/list/length', undefined],
    ['/toString', undefined],
    ['/__proto__', undefined],
    ['/list/0/0', undefined],
  ])('%s leads where RFC 6901 says', (pointer, value) => {
    expect(isJsonPointer(pointer)).toBe(true);
    expect(valueAt(root, pointer)).toEqual(value);
  });

  it.each(['state', '/a~2', '/~', '$.state'])('is not %s', (text) => expect(isJsonPointer(text)).toBe(false));
});
