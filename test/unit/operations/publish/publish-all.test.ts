import { expect, test } from 'vitest';
import type { OutgoingMessage, SendReport } from '../../../../src/brokers/dual-producer.js';
import { HandoverError } from '../../../../src/domain/errors.js';
import { publishAll } from '../../../../src/operations/publish/publish-all.js';
import type { Line } from '../../../../src/operations/publish/read-lines.js';

const OK = { ok: true, coordinates: 'somewhere' } as const;
const AWAY = { ok: false, error: new HandoverError('broker-unavailable', 'no broker answers') } as const;

function both(message: OutgoingMessage): SendReport {
  return { messageId: message.messageId ?? 'drawn', kafka: OK, rocketmq: OK };
}

async function* numbered(...texts: readonly (string | undefined)[]): AsyncGenerator<Line> {
  for (const [i, text] of texts.entries()) yield { number: i + 1, text };
}

const line = (messageId: string): string => JSON.stringify({ messageId, body: {} });

test('a bad line is reported with its number, and the rest go through', async () => {
  const sent: (string | undefined)[] = [];
  const producer = {
    async send(message: OutgoingMessage) {
      if (message.messageId === 'handover-x') throw new HandoverError('message-invalid', 'malformed');
      sent.push(message.messageId);
      return both(message);
    },
  };
  const lines = numbered('nonsense', line('a'), undefined, line('handover-x'), line('b'));
  expect(await publishAll({ producer, lines })).toEqual({
    published: 2,
    failed: [
      { line: 1, reason: 'it is not JSON' },
      { line: 3, reason: 'it is not UTF-8, or too long' },
      { line: 4, reason: 'malformed' },
    ],
  });
  expect(sent).toEqual(['a', 'b']);
});

test('half a double write is a failure that says which side took it, and under which ID to send it again', async () => {
  const reports: Record<string, SendReport> = {
    half: { messageId: 'half', kafka: AWAY, rocketmq: OK },
    none: { messageId: 'none', kafka: AWAY, rocketmq: AWAY },
  };
  const producer = { send: async ({ messageId = '' }: OutgoingMessage) => reports[messageId] ?? { messageId } };
  const { published, failed } = await publishAll({ producer, lines: numbered(line('half'), line('none')) });
  expect(published).toBe(0);
  expect(failed.map(({ reason }) => reason)).toEqual([
    'rocketmq took it; kafka did not: no broker answers; send it again with the message ID half',
    'no side is known to have taken it; kafka did not: no broker answers; rocketmq did not: no broker answers; send it again with the message ID none',
  ]);
});

test('failures are told in the order of their lines, whichever ended first', async () => {
  let release = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const producer = {
    async send({ messageId = '' }: OutgoingMessage): Promise<SendReport> {
      if (messageId === 'slow') await gate;
      else release();
      return { messageId, kafka: AWAY, rocketmq: OK };
    },
  };
  const { failed } = await publishAll({ producer, lines: numbered(line('slow'), line('fast')) });
  expect(failed.map(({ line: number }) => number)).toEqual([1, 2]);
});

test('never more than the bound are under way, and no line is read ahead of that', async () => {
  let underWay = 0;
  let most = 0;
  let read = 0;
  let done = 0;
  async function* many(): AsyncGenerator<Line> {
    for (let number = 1; number <= 50; number += 1) {
      read += 1;
      expect(read - done).toBeLessThanOrEqual(4);
      yield { number, text: line(`m-${number}`) };
    }
  }
  const producer = {
    async send(message: OutgoingMessage) {
      underWay += 1;
      most = Math.max(most, underWay);
      await new Promise((resolve) => setImmediate(resolve));
      underWay -= 1;
      done += 1;
      return both(message);
    },
  };
  expect(await publishAll({ producer, lines: many(), concurrency: 3 })).toEqual({ published: 50, failed: [] });
  expect(most).toBe(3);
});

test('once interrupted no further line is published, and what was under way is reported', async () => {
  const interruption = new AbortController();
  const producer = {
    async send(message: OutgoingMessage) {
      if (message.messageId === 'b') interruption.abort();
      return both(message);
    },
  };
  const lines = numbered(line('a'), line('b'), line('c'), line('d'));
  const report = await publishAll({ producer, lines, signal: interruption.signal, concurrency: 1 });
  expect(report).toEqual({ published: 2, failed: [] });
});

test('a fault that is not of one line ends it, after what was under way', async () => {
  let finished = 0;
  const producer = {
    async send(message: OutgoingMessage) {
      if (message.messageId === 'a') throw new TypeError('a fault of ours');
      await new Promise((resolve) => setImmediate(resolve));
      finished += 1;
      return both(message);
    },
  };
  const lines = numbered(line('b'), line('a'), line('c'));
  await expect(publishAll({ producer, lines, concurrency: 2 })).rejects.toThrow('a fault of ours');
  expect(finished).toBeGreaterThanOrEqual(1);
});
