import { describe, expect, it } from 'vitest';
import { readMessage, STAMPS } from '../../../../src/domain/message/message.js';
import { planPoison, tagIn } from '../../../../src/local/demo/poison.js';

const RULES = { body: 'json', bodyBytes: 1_000 } as const;

describe('poison', () => {
  it.each([
    [0, 'missing-id'],
    [1, 'malformed-id'],
    [2, 'undecodable'],
  ] as const)('number %i can never become a message: %s', (nth, rejected) => {
    const { properties, body } = planPoison('demo-a', nth, 0);
    const stamps = { messageId: properties.get(STAMPS.messageId) };
    expect(readMessage(stamps, Buffer.from(body), RULES)).toEqual({ rejected });
  });

  it('comes with each fault on each side and on both', () => {
    const kinds = Array.from({ length: 9 }, (_, nth) => planPoison('demo-a', nth, 0));
    expect(new Set(kinds.map(({ fault, sides }) => `${fault} ${sides.join()}`)).size).toBe(9);
  });

  it('is known again by its body, and not taken for that of another run or number', () => {
    const bodies = Array.from({ length: 30 }, (_, nth) => planPoison('demo-a', nth, 0));
    for (const { tag, body } of bodies) expect(tagIn('demo-a', body)).toBe(tag);
    expect(new Set(bodies.map(({ tag }) => tag)).size).toBe(30);
    expect(tagIn('demo-b', bodies[0]?.body ?? '')).toBeUndefined();
  });
});
