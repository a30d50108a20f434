import { randomUUID } from 'node:crypto';
import { Client } from '@temporalio/client';
import { arrayFromPayloads, defaultPayloadConverter } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Delivery } from '../../src/brokers/source.js';
import { refusesThisMessage } from '../../src/domain/message/start-refusal.js';
import type { MessageInput } from '../../src/domain/run.js';
import { messageStartOptions } from '../../src/intake/start-options.js';
import { inServersWords, readTemporalFault } from '../../src/intake/temporal-fault.js';
import { createDeadLetterKeeper, type KeptDeadLetter } from '../../src/workers/intake/dead-letter-keeper.js';
import { MESSAGE_WORKFLOW } from '../../src/workflows/names.js';

/** Far below what the server allows by default, so that a test needs no large bodies. */
const BLOB_LIMIT = 200_000;

let environment: TestWorkflowEnvironment;
/** With the connection that workers have. */
let client: Client;
beforeAll(async () => {
  const { createLocalEnvironment } = await import('../support/temporal/temporal-environment.js');
  environment = await createLocalEnvironment([`limit.blobSize.error=${BLOB_LIMIT}`, 'limit.maxIDLength=150']);
  const { nativeConnection: connection, client: given } = environment;
  client = new Client({ connection, namespace: given.options.namespace });
});
afterAll(() => environment?.teardown());

function startWith(by: Client, { messageId = randomUUID() as string, bytes = 10 } = {}): Promise<unknown> {
  const input = {
    migration: 'rewards',
    messageId,
    fingerprint: 'f',
    decision: { owner: 'kafka', reason: 'switch off', policyVersion: 1 },
    settings: {},
    delivered: [],
  } as unknown as MessageInput;
  const options = messageStartOptions({ input, body: Buffer.alloc(bytes), side: 'kafka', state: 'processing' });
  return by.workflow.start(MESSAGE_WORKFLOW, options);
}

const thrownBy = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => 'it was started',
    (error: unknown) => error,
  );

describe('a real server', () => {
  it.each([
    ['the body is larger than it takes', { bytes: 3 << 20 }, /size exceeds/i],
    ['the body is larger than a request can be', { bytes: 5 << 20 }, /larger than max/],
    ['the ID is longer than it takes', { messageId: 'm'.repeat(200) }, /exceeds/],
  ])('refuses a message for itself where %s', async (_why, message, words) => {
    const error = await thrownBy(startWith(client, message));
    expect(readTemporalFault(error)).toSatisfy(refusesThisMessage);
    expect(inServersWords(error).message).toMatch(words);
  });

  it('refuses any message where the namespace is missing', async () => {
    const elsewhere = new Client({ connection: environment.nativeConnection, namespace: 'no-such-namespace' });
    const error = await thrownBy(startWith(elsewhere));
    expect(refusesThisMessage(readTemporalFault(error))).toBe(false);
    expect(inServersWords(error).message).toMatch(/no-such-namespace/);
  });

  it('refuses any message where a search attribute is missing', async () => {
    const started = client.workflow.start('message', {
      workflowId: randomUUID(),
      taskQueue: 'any',
      searchAttributes: { NoSuchAttribute: ['x'] },
    });
    const error = await thrownBy(started);
    expect(refusesThisMessage(readTemporalFault(error))).toBe(false);
    expect(inServersWords(error).message).toMatch(/NoSuchAttribute/);
  });
});

describe('a dead letter that its topic does not take', () => {
  const delivery: Delivery = {
    side: 'kafka',
    topic: 'rewards',
    coordinates: 'kafka:rewards/3/17',
    properties: new Map([['message-id', 'm-1']]),
    key: 'k',
    body: Buffer.from('{"a":1}'),
    storedAt: 1,
    receivedAt: 2,
  };
  const facts = { why: 'the topic is missing', detail: 'too large' };

  async function inputOf(workflowId: string): Promise<[KeptDeadLetter, Uint8Array]> {
    const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
    const started = events?.[0]?.workflowExecutionStartedEventAttributes;
    return arrayFromPayloads(defaultPayloadConverter, started?.input?.payloads) as [KeptDeadLetter, Uint8Array];
  }

  it('is kept by one open workflow without any worker, however often it comes, until a person ends it', async () => {
    const keeper = createDeadLetterKeeper(client, 'rewards');
    const id = await keeper.keep(delivery, 'too-large', facts);
    expect(await keeper.keep({ ...delivery, receivedAt: 99 }, 'too-large', facts)).toBe(id);
    expect(id).toMatch(/^handover-rewards-set-aside-[0-9a-f]{32}$/);
    const handle = client.workflow.getHandle(id);
    expect((await handle.describe()).status.name).toBe('RUNNING');
    const [kept, body] = await inputOf(id);
    expect(kept).toMatchObject({
      reason: 'too-large',
      source: 'kafka:rewards/3/17',
      why: 'the topic is missing',
      key: 'k',
      properties: { 'message-id': 'm-1', 'handover-detail': 'too large' },
    });
    expect(Buffer.from(body).toString()).toBe('{"a":1}');
    await handle.terminate('dealt with');
    // One that a person has ended is not begun again by a copy that comes late.
    expect(await keeper.keep(delivery, 'too-large', facts)).toBe(id);
    expect((await handle.describe()).status.name).toBe('TERMINATED');
  });

  it('is another one where the same coordinates come again in a topic that was made anew', async () => {
    const keeper = createDeadLetterKeeper(client, 'rewards');
    const ids = await Promise.all(
      [delivery, { ...delivery, storedAt: 7 }, { ...delivery, body: Buffer.from('other') }].map((one) =>
        keeper.keep(one, 'undecodable', facts),
      ),
    );
    expect(new Set(ids).size).toBe(3);
  });

  it('is kept with less of its body where the server takes no more, and says how long that was', async () => {
    const keeper = createDeadLetterKeeper(client, 'rewards');
    const id = await keeper.keep({ ...delivery, body: Buffer.alloc(1_000_000, 'x') }, 'too-large', facts);
    const [kept, body] = await inputOf(id);
    expect(kept.properties['handover-truncated']).toBe('1000000');
    expect(body.length).toBe(65_536);
  });
});
