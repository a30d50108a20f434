import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isTransition, type LedgerRecord, type RecordState } from '../../../src/domain/ledger/record.js';
import { SETTLED_OUTCOMES } from '../../../src/domain/reward/outcome.js';
import { SIDES } from '../../../src/domain/side.js';
import type { Holder, Ledger } from '../../../src/ledger/ledger.js';
import { keys } from '../../../src/ledger/redis/keys.js';
import { createRedisLedger } from '../../../src/ledger/redis/redis-ledger.js';
import { type Backend, startSingle } from '../../support/ledger/ledger-backends.js';
import { EVIDENCE, LIFETIME_MS, MIGRATION, routeRequest } from '../../support/ledger/ledger-messages.js';

const RUNS = [randomUUID(), randomUUID()] as const;
const NONCES = [randomUUID(), randomUUID()] as const;

let backend: Backend;
let ledger: Ledger;

beforeAll(async () => {
  backend = await startSingle();
  ledger = createRedisLedger(backend.client, { migration: MIGRATION, settledLifetimeMs: LIFETIME_MS });
});
afterAll(() => backend.stop());

const run = fc.constantFrom(...RUNS);
const side = fc.constantFrom(...SIDES);
const nonce = fc.constantFrom(...NONCES);
const small = fc.integer({ min: 1, max: 3 });

/** Any step by anyone, in any order: what Temporal, a zombie or a re-sent script could ask for. */
const call = fc.oneof(
  fc.record({ step: fc.constant('route' as const), side, owner: side }),
  fc.record({ step: fc.constant('claim' as const), run, side }),
  fc.record({ step: fc.constant('adopt' as const), run, side }),
  fc.record({ step: fc.constant('begin' as const), run, round: small, attempt: small, nonce, cleared: fc.nat(2) }),
  fc.record({ step: fc.constant('clear' as const), run, round: small, attempt: small, nonce }),
  fc.record({ step: fc.constant('park' as const), run, round: small, attempt: small }),
  fc.record({ step: fc.constant('reopen' as const), run, round: small }),
  fc.record({ step: fc.constant('settle' as const), run, outcome: fc.constantFrom(...SETTLED_OUTCOMES) }),
  fc.record({ step: fc.constant('resume' as const), run, fromRun: run }),
);
type Call = typeof call extends fc.Arbitrary<infer T> ? T : never;

interface Taken {
  readonly call: Call;
  readonly before: LedgerRecord | undefined;
  readonly after: LedgerRecord | undefined;
  readonly verdict: { readonly verdict: string } & Readonly<Record<string, unknown>>;
}

const ORIGIN = routeRequest();

async function send(messageId: string, call: Call, restore: boolean): Promise<Taken['verdict']> {
  const { fingerprint, decision } = ORIGIN;
  if (call.step === 'route') {
    const request = routeRequest({
      messageId,
      fingerprint,
      side: call.side,
      decision: { ...decision, owner: call.owner },
    });
    const [verdict] = await ledger.route([request]);
    return { ...verdict } as Taken['verdict'];
  }
  const holder: Holder = { messageId, run: call.run, origin: { decision, fingerprint }, restore };
  const owner = 'kafka';
  switch (call.step) {
    case 'claim':
      return ledger.claim({ ...holder, side: call.side });
    case 'adopt':
      return ledger.adopt({ ...holder, side: call.side, reason: 'failover' });
    case 'begin':
      return ledger.begin({ ...holder, ...call, owner, lastsMs: 10_000 });
    case 'clear':
      return ledger.clear({ ...holder, ...call });
    case 'park':
      return ledger.park({ ...holder, ...call, owner, evidence: EVIDENCE });
    case 'reopen':
      return ledger.reopen({ ...holder, ...call, owner, notBefore: 0 });
    case 'settle':
      return ledger.settle({ ...holder, ...call, owner, round: 1, attempt: 1 });
    case 'resume':
      return ledger.resume({ ...holder, ...call });
  }
}

/** Sends each call twice, as a client does that has lost the first answer, and answers the history. */
async function play(
  calls: readonly { readonly call: Call; readonly restore: boolean; readonly lose: boolean }[],
): Promise<Taken[]> {
  const messageId = randomUUID();
  const key = keys.record(MIGRATION, messageId);
  const history: Taken[] = [];
  for (const { call, restore, lose } of calls) {
    if (lose) await backend.client.del(key);
    const before = await ledger.read(messageId);
    const { now: _, ...verdict } = await send(messageId, call, restore);
    const dump = await backend.client.dumpBuffer(key);
    const { now: __, ...again } = await send(messageId, call, restore);
    expect(again).toEqual(verdict);
    expect(await backend.client.dumpBuffer(key)).toEqual(dump);
    history.push({ call, before, after: await ledger.read(messageId), verdict: verdict as Taken['verdict'] });
  }
  return history;
}

const stateOf = (record: LedgerRecord | undefined): RecordState => record?.state ?? 'none';

function assertListed({ call, before, after }: Taken): void {
  const [from, to] = [stateOf(before), stateOf(after)];
  if (from !== to) expect(isTransition(from, call.step, to), `${call.step} led from ${from} to ${to}`).toBe(true);
}

const steps = (restore: fc.Arbitrary<boolean>, lose: fc.Arbitrary<boolean>) =>
  fc.array(fc.record({ call, restore, lose }), { minLength: 10, maxLength: 40 });

const never = fc.constant(false);
const seldom = fc.nat(9).map((n) => n === 0);

describe('whatever is asked in whatever order', () => {
  test('a repeat is answered the same and changes nothing, and only listed transitions happen, even with losses and restorations', async () => {
    await fc.assert(
      fc.asyncProperty(steps(fc.boolean(), seldom), async (calls) => {
        for (const taken of await play(calls)) assertListed(taken);
      }),
      { numRuns: 150 },
    );
  });

  test('without losses a message has one owner from its claim on, one run at a time, and one final outcome', async () => {
    let settled = 0;
    await fc.assert(
      fc.asyncProperty(steps(never, never), async (calls) => {
        for (const taken of await play(calls)) {
          const { call, before, after } = taken;
          assertListed(taken);
          if (before === undefined) continue;
          expect(after).toBeDefined();
          const adopted = call.step === 'adopt' && before.state === 'assigned';
          if (!adopted) expect(after?.owner).toBe(before.owner);
          if (before.run !== undefined && call.step !== 'resume') expect(after?.run).toBe(before.run);
          expect(after?.policyVersion).toBe(before.policyVersion);
          if (before.state === 'settled') expect({ ...after, seen: before.seen }).toEqual(before);
          if (after?.state === 'settled') settled += 1;
        }
      }),
      { numRuns: 150 },
    );
    expect(settled).toBeGreaterThan(0);
  });

  test('without losses each attempt of a run is let go for one nonce, with one deadline, never below an earlier one', async () => {
    let gone = 0;
    await fc.assert(
      fc.asyncProperty(steps(never, never), async (calls) => {
        const letGo = new Map<string, string>();
        let highest = 0;
        for (const { call, before, after, verdict } of await play(calls)) {
          if (call.step !== 'begin' || verdict.verdict !== 'go') continue;
          expect(after).toMatchObject({ state: 'sending', run: call.run, round: call.round, attempt: call.attempt });
          gone += 1;
          const pair = `${call.round}/${call.attempt}`;
          const ticket = `${call.run} ${call.nonce} ${String(verdict['deadline'])}`;
          expect(letGo.get(pair) ?? ticket).toBe(ticket);
          letGo.set(pair, ticket);
          const rank = call.round * 10 + call.attempt;
          expect(rank).toBeGreaterThanOrEqual(highest);
          highest = rank;
          if (before?.state === 'sending' && before.attempt !== call.attempt) {
            expect(before.round).toBe(call.round);
            expect(call.cleared).toBeGreaterThanOrEqual(before.attempt);
          }
        }
      }),
      { numRuns: 300 },
    );
    expect(gone).toBeGreaterThan(0);
  });
});
