import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  LEDGER_STEPS,
  type LedgerStep,
  RECORD_STATES,
  type RecordState,
  TRANSITIONS,
} from '../../../src/domain/ledger/record.js';
import type { Holder, Ledger, RouteRequest } from '../../../src/ledger/ledger.js';
import { keys } from '../../../src/ledger/redis/keys.js';
import { createRedisLedger } from '../../../src/ledger/redis/redis-ledger.js';
import { type Backend, startSingle } from '../../support/ledger/ledger-backends.js';
import {
  beginRequest,
  EVIDENCE,
  holderOf,
  LIFETIME_MS,
  MIGRATION,
  routeRequest,
} from '../../support/ledger/ledger-messages.js';

/** `holder` is the run that the record names, the others are not; `open-run` brings Temporal's word. */
const ACTORS = ['holder', 'stranger', 'open-run'] as const;
type Actor = (typeof ACTORS)[number];

/** Steps that a script takes; expiry is time's. */
const TAKEN = LEDGER_STEPS.filter((step): step is Exclude<LedgerStep, 'expire'> => step !== 'expire');

let backend: Backend;
let ledger: Ledger;

beforeAll(async () => {
  backend = await startSingle();
  ledger = createRedisLedger(backend.client, { migration: MIGRATION, settledLifetimeMs: LIFETIME_MS });
});
afterAll(() => backend.stop());

/** Brings a new message into a state by the ordinary way: from `sending` on in attempt 1 of round 1. */
async function bring(state: RecordState): Promise<{ request: RouteRequest; holder: Holder }> {
  const request = routeRequest();
  const holder = holderOf(request);
  const way: Record<RecordState, readonly (() => Promise<unknown>)[]> = {
    none: [],
    assigned: [() => ledger.route([request])],
    claimed: [() => ledger.claim({ ...holder, side: 'kafka' })],
    sending: [() => ledger.begin(beginRequest(holder, { nonce: NONCE }))],
    parked: [() => ledger.park({ ...holder, owner: 'kafka', round: 1, attempt: 1, evidence: EVIDENCE })],
    settled: [() => ledger.settle({ ...holder, owner: 'kafka', round: 1, attempt: 1, outcome: 'granted' })],
  };
  for (const stop of RECORD_STATES) {
    for (const step of way[stop]) await step();
    if (stop === state) break;
  }
  return { request, holder };
}

const NONCE = randomUUID();

/** Takes a step that nothing but the state and the actor speaks against. */
async function take(step: Exclude<LedgerStep, 'expire'>, request: RouteRequest, holder: Holder, actor: Actor) {
  const self: Holder = actor === 'holder' ? holder : { ...holderOf(request), restore: actor === 'open-run' };
  const { round, attempt } = (await ledger.read(request.messageId)) ?? { round: 0, attempt: 0 };
  const pair = { ...self, owner: 'kafka', round: Math.max(round, 1), attempt: Math.max(attempt, 1) } as const;
  switch (step) {
    case 'route':
      return ledger.route([request]);
    case 'claim':
      return ledger.claim({ ...self, side: 'kafka' });
    case 'adopt':
      return ledger.adopt({ ...self, side: 'rocketmq', reason: 'failover' });
    case 'begin':
      return ledger.begin(beginRequest(self, { attempt: attempt + 1, cleared: attempt }));
    case 'clear':
      return ledger.clear({ ...pair, nonce: NONCE });
    case 'park':
      return ledger.park({ ...pair, evidence: { ...EVIDENCE, detail: 'parked anew' } });
    case 'reopen':
      return ledger.reopen({ ...pair, round, notBefore: 0 });
    case 'settle':
      return ledger.settle({ ...pair, outcome: 'granted' });
    case 'resume':
      // What proves the new run to be the open one is that it names the closed one that holds the message.
      return ledger.resume({ ...self, fromRun: actor === 'open-run' ? holder.run : randomUUID() });
  }
}

function mayTake(from: RecordState, step: LedgerStep, actor: Actor): RecordState | undefined {
  const row = TRANSITIONS.find(
    (entry) => entry.from === from && entry.step === step && (entry.by === 'anyone' || entry.by === actor),
  );
  return row?.to;
}

const dump = (messageId: string) => backend.client.dumpBuffer(keys.record(MIGRATION, messageId));

describe.each(RECORD_STATES)('from %s', (from) => {
  // Nobody holds what is not claimed.
  const actors = from === 'none' || from === 'assigned' ? ACTORS.filter((actor) => actor !== 'holder') : ACTORS;
  const cases = TAKEN.flatMap((step) => actors.map((actor) => ({ step, actor, to: mayTake(from, step, actor) })));

  test.each(cases.filter(({ to }) => to !== undefined))(
    '$step by the $actor leads to $to',
    async ({ step, actor, to }) => {
      const { request, holder } = await bring(from);
      await take(step, request, holder, actor);
      expect(await ledger.states([request.messageId])).toEqual([to]);
    },
  );

  test.each(cases.filter(({ to }) => to === undefined))(
    '$step by the $actor changes no byte',
    async ({ step, actor }) => {
      const { request, holder } = await bring(from);
      expect(await ledger.states([request.messageId])).toEqual([from === 'none' ? undefined : from]);
      const before = await dump(request.messageId);
      await take(step, request, holder, actor);
      expect(await dump(request.messageId)).toEqual(before);
    },
  );
});

test('a settled record expires, and then there is none', async () => {
  const brief = createRedisLedger(backend.client, { migration: MIGRATION, settledLifetimeMs: 20 });
  const { request, holder } = await bring('sending');
  await brief.settle({ ...holder, owner: 'kafka', round: 1, attempt: 1, outcome: 'granted' });
  await vi.waitFor(async () => expect(await ledger.read(request.messageId)).toBeUndefined(), { interval: 5 });
});

test('nothing that is not settled expires, and what is settled always does', async () => {
  for (const state of RECORD_STATES.slice(1)) {
    const { request } = await bring(state);
    const ttl = await backend.client.pttl(keys.record(MIGRATION, request.messageId));
    if (state === 'settled') expect(ttl).toBeGreaterThan(0);
    else expect(ttl).toBe(-1);
  }
});

test('marking a settled record as seen does not renew its lifetime', async () => {
  const { request } = await bring('settled');
  const key = keys.record(MIGRATION, request.messageId);
  await backend.client.pexpire(key, 10_000);
  await ledger.route([{ ...request, side: 'rocketmq' }]);
  expect((await ledger.read(request.messageId))?.seen.rocketmq).toBe(true);
  expect(await backend.client.pttl(key)).toBeLessThanOrEqual(10_000);
});

test('a settled record of a 36-character message ID takes at most 60 bytes, and 230 bytes of memory in all', async () => {
  const { request } = await bring('settled');
  const key = keys.record(MIGRATION, request.messageId);
  expect(request.messageId).toHaveLength(36);
  expect(await backend.client.strlen(key)).toBeLessThanOrEqual(60);
  expect(await backend.client.memory('USAGE', key)).toBeLessThanOrEqual(230);
});
