import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readPublishLine } from '../../../../src/operations/publish/publish-line.js';

describe('a line of publish', () => {
  test('gives the message with the stamps it has', () => {
    expect(readPublishLine('{"messageId":"m-1","businessId":"u-1","traceparent":"00-a","body":{"a":1}}')).toEqual({
      messageId: 'm-1',
      businessId: 'u-1',
      traceparent: '00-a',
      body: '{"a":1}',
    });
    expect(readPublishLine('{"body":[1]}')).toEqual({ body: '[1]' });
  });

  test.each([
    ['a string is sent as that text', '{"body":"{\\"a\\": 1}"}', '{"a": 1}'],
    ['a number is sent as its JSON', '{"body": 5 }', '5'],
    ['true is sent as its JSON', '{"body":true}', 'true'],
    [
      'a number that JavaScript cannot hold stays as it is',
      '{"body":{"amount":12345678901234567890.10}}',
      '{"amount":12345678901234567890.10}',
    ],
    ['brackets and quotes in strings do not end it', '{"body":{"t":"}],\\"x"},"messageId":"m"}', '{"t":"}],\\"x"}'],
    ['a member "body" inside another one is not it', '{"messageId":"\\"body\\":1","body":{"body":2}}', '{"body":2}'],
    ['of two bodies the last one counts, as in any JSON parser', '{"body":1,"body":2}', '2'],
    ['its name may be written with escapes', '{"\\u0062ody":[2]}', '[2]'],
  ])('body: %s', (_, line, body) => {
    expect(readPublishLine(line)).toMatchObject({ body });
  });

  test('body: whatever its JSON and the spaces around it, it means the same', () => {
    const space = fc.stringMatching(/^[ \t]{0,3}$/);
    const body = fc.jsonValue().filter((value) => value !== null && typeof value !== 'string');
    fc.assert(
      fc.property(body, fc.boolean(), space, (value, last, gap) => {
        const members = [
          `${gap}"messageId"${gap}:${gap}"m"`,
          `${gap}"body"${gap}:${gap}${JSON.stringify(value, undefined, 1)}${gap}`,
        ];
        const line = `${gap}{${(last ? members : members.reverse()).join(',')}}${gap}`.replaceAll('\n', ' ');
        const message = readPublishLine(line);
        if (typeof message === 'string') throw new Error(message);
        expect(JSON.parse(String(message.body))).toEqual(JSON.parse(JSON.stringify(value)));
        expect(message.messageId).toBe('m');
      }),
    );
  });

  test.each([
    ['nonsense', 'it is not JSON'],
    ['[1]', 'it is not a JSON object'],
    ['"text"', 'it is not a JSON object'],
    ['null', 'it is not a JSON object'],
    ['{}', 'it has no body'],
    ['{"body":null}', 'it has no body'],
    ['{"messageId":7,"body":1}', 'its messageId is not a string'],
    ['{"businessId":null,"body":1}', 'its businessId is not a string'],
    ['{"messageID":"m","body":1}', 'it has a field that is none of messageId, businessId, traceparent, body'],
  ])('%s is none: %s', (line, why) => {
    expect(readPublishLine(line)).toBe(why);
  });
});
