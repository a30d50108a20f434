import { ServiceError } from '@temporalio/client';
import { describe, expect, it } from 'vitest';
import type { Delivery } from '../../../src/brokers/source.js';
import { HandoverError } from '../../../src/domain/errors.js';
import { Gate } from '../../../src/intake/gate.js';
import { SetAside, type SetAsideOptions } from '../../../src/intake/set-aside.js';
import type { DeadLetterEntry } from '../../../src/ledger/redis/stores/dead-letter-index.js';

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

const delivery: Delivery = {
  side: 'kafka',
  topic: 'rewards',
  coordinates: 'kafka:rewards/3/17',
  properties: new Map([['message-id', 'm-1']]),
  key: undefined,
  body: Buffer.from('{}'),
  storedAt: 1,
  receivedAt: 2,
};

/** `send` and `keep`: what the topic and Temporal say, try by try; then they take it. */
function setAside({ send = [], keep = [] }: { send?: Error[]; keep?: Error[] }) {
  const gate = new Gate(silent, new AbortController().signal);
  const entries: DeadLetterEntry[] = [];
  const counted: string[] = [];
  const tries = { send: 0, keep: 0 };
  const holds: string[] = [];
  const next = (answers: Error[], kind: 'send' | 'keep'): void => {
    const answer = answers[tries[kind]++];
    holds.push(...gate.holds.map(({ what }) => what));
    if (answer !== undefined) throw answer;
  };
  const options: SetAsideOptions = {
    side: 'kafka',
    rules: { migration: 'rewards', extract: ({ properties }) => ({ messageId: properties.get('message-id') }) },
    deadLetters: { send: async () => next(send, 'send') },
    keeper: {
      async keep(_delivery, reason, { why, detail }) {
        next(keep, 'keep');
        return [reason, why, detail].join('|');
      },
    },
    deadLetterIndex: { add: async (entry) => void entries.push(entry) },
    observer: { deadLettered: (reason) => void counted.push(reason) },
    log: silent,
  };
  const sent = new SetAside(options).send(
    delivery,
    'temporal-refuses',
    (dependency, call, mayPass) => gate.pass(dependency, call, mayPass),
    'too large for it',
  );
  return { sent, entries, counted, tries, holds };
}

const away = new HandoverError('broker-unavailable', 'nobody answers');
const refused = new HandoverError('dead-letters-refused', 'the topic is missing');

describe('a delivery that is set aside', () => {
  it('is on the dead-letter topic, and listed, before it may be acknowledged', async () => {
    const { sent, entries, counted, tries } = setAside({});
    await sent;
    expect(entries).toMatchObject([{ reason: 'temporal-refuses', source: 'kafka:rewards/3/17', messageId: 'm-1' }]);
    expect(entries[0]).not.toHaveProperty('keptAs');
    expect(counted).toEqual(['temporal-refuses']);
    expect(tries.keep).toBe(0);
  });

  it('is kept by Temporal where that topic is missing or forbidden, which no wait would change', async () => {
    const { sent, entries, tries } = setAside({ send: [refused] });
    await sent;
    expect(tries).toEqual({ send: 1, keep: 1 });
    expect(entries[0]?.keptAs).toBe('temporal-refuses|the topic is missing|too large for it');
  });

  it('is held while the broker is away, and after that while Temporal is, in its server’s words', async () => {
    const cause = Object.assign(new Error('Request unauthorized.'), { code: 7 });
    const { sent, entries, tries, holds } = setAside({
      send: [away, away, refused],
      keep: [new ServiceError('Failed to start Workflow', { cause })],
    });
    await sent;
    expect(tries).toEqual({ send: 3, keep: 2 });
    expect(new Set(holds)).toEqual(
      new Set(['dead letters: nobody answers', 'temporal: Failed to start Workflow: Request unauthorized.']),
    );
    expect(entries).toHaveLength(1);
  });
});
