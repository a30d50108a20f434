import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BEFORE_START } from '../../../src/domain/policy/start.js';
import type { Ledger, RouteRequest } from '../../../src/ledger/ledger.js';
import { keys } from '../../../src/ledger/redis/keys.js';
import { createRedisLedger } from '../../../src/ledger/redis/redis-ledger.js';
import { BACKENDS, type Backend } from '../../support/ledger/ledger-backends.js';
import {
  beginRequest,
  EVIDENCE,
  holderOf,
  LIFETIME_MS,
  MIGRATION,
  routeRequest,
} from '../../support/ledger/ledger-messages.js';

describe.each(BACKENDS)('the ledger on $name', ({ start }) => {
  let backend: Backend;
  let ledger: Ledger;

  beforeAll(async () => {
    backend = await start();
    ledger = createRedisLedger(backend.client, { migration: MIGRATION, settledLifetimeMs: LIFETIME_MS });
  });
  afterAll(() => backend.stop());

  const route = async (request: RouteRequest) => (await ledger.route([request]))[0];

  /** A message that a run holds. */
  async function claimed() {
    const request = routeRequest();
    const holder = holderOf(request);
    await route(request);
    await ledger.claim({ ...holder, side: 'kafka' });
    return { request, holder };
  }

  /** A message whose first attempt is under way. */
  async function sending() {
    const { request, holder } = await claimed();
    const begin = beginRequest(holder);
    const verdict = await ledger.begin(begin);
    if (verdict.verdict !== 'go') throw new Error(`the first attempt was not let go: ${verdict.verdict}`);
    return { request, holder, begin, deadline: verdict.deadline };
  }

  describe('route', () => {
    test('decides at first sight and answers each side accordingly, with the reason', async () => {
      const request = routeRequest();
      const decided = { owner: 'kafka', reason: 'bucket 812 > 100', policyVersion: 3 };
      expect(await route(request)).toEqual({ verdict: 'process', ...decided });
      expect(await route({ ...request, side: 'rocketmq' })).toEqual({ verdict: 'wait', ...decided });
    });

    test('never decides again, whatever the policy says later', async () => {
      const request = routeRequest();
      await route(request);
      const later = { owner: 'rocketmq', reason: 'whitelisted', policyVersion: 9 } as const;
      expect(await route({ ...request, side: 'rocketmq', decision: later })).toMatchObject({
        verdict: 'wait',
        owner: 'kafka',
        policyVersion: 3,
      });
    });

    test('decides nothing while the ledger is partial, by no record or by one that nobody has claimed, and leaves it so', async () => {
      const request = { ...routeRequest(), unproved: true };
      expect(await route(request)).toEqual({ verdict: 'unproved' });
      expect(await ledger.read(request.messageId)).toBeUndefined();
      await route({ ...request, unproved: false });
      const before = await ledger.read(request.messageId);
      expect(await route({ ...request, side: 'rocketmq' })).toEqual({ verdict: 'unproved' });
      expect(await ledger.read(request.messageId)).toEqual(before);
      await ledger.claim({ ...holderOf(request), side: 'kafka' });
      expect(await route(request)).toMatchObject({ verdict: 'done' });
    });

    test('is undone for what nobody has claimed and was routed since then, and for nothing else', async () => {
      const request = routeRequest();
      await route(request);
      const { createdAt = 0 } = (await ledger.read(request.messageId)) ?? {};
      expect(await ledger.unroute(request.messageId, { from: createdAt + 1 })).toBe(false);
      expect(await ledger.unroute(request.messageId, { before: createdAt })).toBe(false);
      expect(await ledger.unroute(request.messageId, {})).toBe(false);
      expect(await ledger.unroute(request.messageId, { from: createdAt })).toBe(true);
      expect(await ledger.read(request.messageId)).toBeUndefined();
      expect(await ledger.unroute(request.messageId, { from: createdAt })).toBe(false);
      await route(request);
      expect(await ledger.unroute(request.messageId, { before: createdAt + 60_000 })).toBe(true);
      const held = await claimed();
      expect(await ledger.unroute(held.request.messageId, { from: 0 })).toBe(false);
      expect(await ledger.read(held.request.messageId)).toMatchObject({ state: 'claimed' });
    });

    test('marks which sides have seen the message', async () => {
      const request = routeRequest({ side: 'rocketmq' });
      await route(request);
      expect((await ledger.read(request.messageId))?.seen).toEqual({ kafka: false, rocketmq: true });
      await route({ ...request, side: 'kafka' });
      expect((await ledger.read(request.messageId))?.seen).toEqual({ kafka: true, rocketmq: true });
    });

    test('marks which sides have seen the message also once it is settled', async () => {
      const { request, holder } = await claimed();
      await ledger.settle({ ...holder, owner: 'kafka', round: 1, attempt: 1, outcome: 'granted' });
      await route({ ...request, side: 'rocketmq' });
      expect((await ledger.read(request.messageId))?.seen).toEqual({ kafka: true, rocketmq: true });
    });

    test('refuses another payload under a known ID, settled or not, and marks nothing', async () => {
      const { request, holder } = await claimed();
      const other = { ...request, side: 'rocketmq' as const, fingerprint: 'fedcba9876543210' };
      expect(await route(other)).toEqual({ verdict: 'id-reused' });
      await ledger.settle({ ...holder, owner: 'kafka', round: 1, attempt: 1, outcome: 'granted' });
      expect(await route(other)).toEqual({ verdict: 'id-reused' });
      expect((await ledger.read(request.messageId))?.seen.rocketmq).toBe(false);
    });

    test('records no decision of a policy that is no longer valid, and writes nothing', async () => {
      const request = routeRequest({ validUntil: (await ledger.now()) - 1 });
      expect(await route(request)).toEqual({ verdict: 'stale-policy' });
      expect(await ledger.read(request.messageId)).toBeUndefined();
    });

    test('a known record needs no valid policy', async () => {
      const request = routeRequest();
      await route(request);
      expect(await route({ ...request, validUntil: 0 })).toMatchObject({ verdict: 'process' });
    });

    test('takes a delivery from beyond its memory for no first sight', async () => {
      const request = routeRequest({ beyondMemory: true });
      expect(await route(request)).toEqual({ verdict: 'too-old' });
      await route({ ...request, beyondMemory: false });
      expect(await route(request)).toMatchObject({ verdict: 'process' });
    });

    test('leaves a message of before the start without a record, and one that it knows as it is', async () => {
      const request = routeRequest({ side: 'rocketmq', beforeStart: true, beyondMemory: true });
      expect(await route(request)).toEqual({ verdict: 'before-start' });
      expect(await ledger.read(request.messageId)).toBeUndefined();
      expect(await route({ ...request, validUntil: 0 })).toEqual({ verdict: 'stale-policy' });
      const decision = { owner: 'kafka', reason: BEFORE_START, policyVersion: 3 } as const;
      await route({ ...request, side: 'kafka', decision, beforeStart: false, beyondMemory: false });
      expect(await route(request)).toMatchObject({ verdict: 'wait', owner: 'kafka', reason: BEFORE_START });
      expect(await ledger.read(request.messageId)).toMatchObject({ seen: { kafka: true, rocketmq: true } });
    });

    test('answers done while a workflow has it and it moved of late, check when it has not, done with the outcome at last', async () => {
      const { request, holder } = await claimed();
      expect(await route(request)).toEqual({ verdict: 'done', owner: 'kafka', reason: 'bucket 812 > 100' });
      expect(await route({ ...request, checkAfterMs: -1 })).toMatchObject({ verdict: 'check', run: holder.run });
      await ledger.settle({ ...holder, owner: 'kafka', round: 1, attempt: 1, outcome: 'refused' });
      expect(await route(request)).toMatchObject({ verdict: 'done', outcome: 'refused' });
    });

    test('routes a batch over all nodes, each message on its own', async () => {
      const requests = Array.from({ length: 200 }, (_, i) => routeRequest(i % 2 === 0 ? {} : { validUntil: 0 }));
      const verdicts = await ledger.route(requests);
      expect(verdicts.map(({ verdict }) => verdict)).toEqual(
        requests.map((_, i) => (i % 2 === 0 ? 'process' : 'stale-policy')),
      );
      const states = await ledger.states(requests.map(({ messageId }) => messageId));
      expect(states).toEqual(requests.map((_, i) => (i % 2 === 0 ? 'assigned' : undefined)));
    });
  });

  describe('claim and adopt', () => {
    test('the owner claims, once and for one run; the other side cannot', async () => {
      const request = routeRequest();
      const holder = holderOf(request);
      await route(request);
      expect(await ledger.claim({ ...holder, side: 'rocketmq' })).toMatchObject({
        verdict: 'not-owner',
        owner: 'kafka',
        seen: { kafka: true, rocketmq: false },
      });
      const first = await ledger.claim({ ...holder, side: 'kafka' });
      expect(first).toEqual({ verdict: 'claimed', owner: 'kafka', reason: 'bucket 812 > 100', round: 0 });
      expect(await ledger.claim({ ...holder, side: 'kafka' })).toEqual(first);
      expect(await ledger.claim({ ...holderOf(request), side: 'kafka' })).toEqual({
        verdict: 'other-run',
        owner: 'kafka',
        run: holder.run,
      });
    });

    test('the other side adopts what nobody has claimed: owner and reason change, the deciding version stays', async () => {
      const request = routeRequest();
      const holder = holderOf(request);
      await route(request);
      const adopt = { ...holder, side: 'rocketmq', reason: 'kafka is past it' } as const;
      const first = await ledger.adopt(adopt);
      expect(first).toEqual({ verdict: 'claimed', owner: 'rocketmq', reason: 'adopted: kafka is past it', round: 0 });
      expect(await ledger.adopt(adopt)).toEqual(first);
      expect(await ledger.read(request.messageId)).toMatchObject({
        owner: 'rocketmq',
        policyVersion: 3,
        run: holder.run,
      });
      expect(await route(request)).toMatchObject({ verdict: 'done', owner: 'rocketmq' });
    });

    test('what is claimed cannot be adopted', async () => {
      const { request } = await claimed();
      const adopt = { ...holderOf(request), side: 'rocketmq', reason: 'failover' } as const;
      expect(await ledger.adopt(adopt)).toMatchObject({ verdict: 'other-run', owner: 'kafka' });
    });

    test('a lost record is answered lost, and restored only by the open run', async () => {
      const request = routeRequest();
      const holder = holderOf(request);
      expect(await ledger.claim({ ...holder, side: 'kafka' })).toEqual({ verdict: 'lost' });
      expect(await ledger.read(request.messageId)).toBeUndefined();
      expect(await ledger.claim({ ...holder, side: 'rocketmq', restore: true })).toMatchObject({
        verdict: 'not-owner',
      });
      expect(await ledger.claim({ ...holder, side: 'kafka', restore: true })).toMatchObject({ verdict: 'claimed' });
      expect(await ledger.read(request.messageId)).toMatchObject({ ...request.decision, run: holder.run });
    });
  });

  describe('begin', () => {
    test('lets the first attempt go, with a deadline in Redis time', async () => {
      const { holder } = await claimed();
      const verdict = await ledger.begin(beginRequest(holder, { lastsMs: 5_000 }));
      expect(verdict).toMatchObject({ verdict: 'go' });
      if (verdict.verdict === 'go') expect(verdict.deadline - verdict.now).toBe(5_000);
    });

    test('answers a repeat with the recorded deadline, and a second execution never like the first', async () => {
      const { begin, deadline } = await sending();
      expect(await ledger.begin(begin)).toMatchObject({ verdict: 'go', deadline });
      expect(await ledger.begin({ ...begin, nonce: randomUUID() })).toEqual({ verdict: 'late', round: 1, attempt: 1 });
    });

    test('a later attempt goes only if the earlier ones are proved not executed', async () => {
      const { holder } = await sending();
      expect(await ledger.begin(beginRequest(holder, { attempt: 2 }))).toEqual({
        verdict: 'uncovered',
        round: 1,
        attempt: 1,
      });
      expect(await ledger.begin(beginRequest(holder, { attempt: 2, cleared: 1 }))).toMatchObject({ verdict: 'go' });
      expect(await ledger.begin(beginRequest(holder, { attempt: 1 }))).toMatchObject({ verdict: 'late', attempt: 2 });
    });

    test('a higher round covers nothing of an attempt that may be on the wire', async () => {
      const { holder } = await sending();
      expect(await ledger.begin(beginRequest(holder, { round: 2, cleared: 9 }))).toMatchObject({
        verdict: 'uncovered',
      });
    });

    test('another run does not send, restoring or not', async () => {
      const { request, holder } = await sending();
      const other = beginRequest(holderOf(request), { attempt: 2, cleared: 1 });
      const refusal = { verdict: 'other-run', owner: 'kafka', run: holder.run };
      expect(await ledger.begin(other)).toEqual(refusal);
      expect(await ledger.begin({ ...other, restore: true })).toEqual(refusal);
    });

    test('a parked message is sent again only in a new round', async () => {
      const { holder } = await sending();
      await ledger.park({ ...holder, owner: 'kafka', round: 1, attempt: 1, evidence: EVIDENCE });
      expect(await ledger.begin(beginRequest(holder, { attempt: 2, cleared: 1 }))).toEqual({
        verdict: 'parked',
        round: 1,
      });
      await ledger.reopen({ ...holder, owner: 'kafka', round: 1, notBefore: 0 });
      expect(await ledger.begin(beginRequest(holder, { round: 2 }))).toMatchObject({ verdict: 'go' });
    });

    test('a settled message is answered with its outcome', async () => {
      const { holder } = await claimed();
      await ledger.settle({ ...holder, owner: 'kafka', round: 1, attempt: 1, outcome: 'granted' });
      expect(await ledger.begin(beginRequest(holder))).toEqual({
        verdict: 'settled',
        owner: 'kafka',
        outcome: 'granted',
      });
    });

    test('without a record it is lost, and the open run restores it', async () => {
      const request = routeRequest();
      const holder = holderOf(request);
      const begin = beginRequest(holder, { attempt: 2, cleared: 1 });
      expect(await ledger.begin(begin)).toEqual({ verdict: 'lost' });
      expect(await ledger.begin({ ...begin, restore: true })).toMatchObject({ verdict: 'go' });
      expect(await ledger.read(request.messageId)).toMatchObject({ state: 'sending', attempt: 2, run: holder.run });
    });

    test('a record that was lost and decided anew for the other side is restored for the side that has it', async () => {
      const request = routeRequest();
      const holder = holderOf(request);
      await route({ ...request, decision: { owner: 'rocketmq', reason: 'whitelisted', policyVersion: 9 } });
      expect(await ledger.begin(beginRequest(holder))).toEqual({ verdict: 'lost' });
      expect(await ledger.begin({ ...beginRequest(holder), restore: true })).toMatchObject({ verdict: 'go' });
      expect(await ledger.read(request.messageId)).toMatchObject({ ...request.decision, seen: { kafka: true } });
    });
  });

  describe('clear, park and reopen', () => {
    test('an attempt that was not executed goes back to claimed, and its pair stays used up', async () => {
      const { request, holder, begin } = await sending();
      expect(await ledger.clear(begin)).toEqual({ verdict: 'recorded' });
      expect(await ledger.clear(begin)).toEqual({ verdict: 'recorded' });
      expect(await ledger.read(request.messageId)).toMatchObject({ state: 'claimed', round: 1, attempt: 1 });
      expect(await ledger.begin({ ...begin, nonce: randomUUID() })).toMatchObject({ verdict: 'late' });
      expect(await ledger.begin(beginRequest(holder, { attempt: 2 }))).toMatchObject({ verdict: 'go' });
    });

    test('an attempt that was cleared is not let go again, not even for its own nonce', async () => {
      const { begin } = await sending();
      await ledger.clear(begin);
      expect(await ledger.begin(begin)).toEqual({ verdict: 'late', round: 1, attempt: 1 });
    });

    test('only the execution that began an attempt clears it', async () => {
      const { begin } = await sending();
      expect(await ledger.clear({ ...begin, nonce: randomUUID() })).toEqual({ verdict: 'moved-on' });
      expect(await ledger.clear({ ...begin, attempt: 2 })).toEqual({ verdict: 'moved-on' });
    });

    test('parking keeps the evidence and the deadline', async () => {
      const { request, holder, deadline } = await sending();
      const park = { ...holder, owner: 'kafka', round: 1, attempt: 1, evidence: EVIDENCE } as const;
      expect(await ledger.park(park)).toEqual({ verdict: 'recorded' });
      expect(await ledger.read(request.messageId)).toMatchObject({ state: 'parked', evidence: EVIDENCE, deadline });
    });

    test('an overlong detail is cut', async () => {
      const { request, holder } = await claimed();
      const evidence = { ...EVIDENCE, detail: 'ä'.repeat(10_000) };
      await ledger.park({ ...holder, owner: 'kafka', round: 1, attempt: 1, evidence });
      expect((await ledger.read(request.messageId))?.evidence?.detail).toBe('ä'.repeat(500));
    });

    test('parking below the recorded pair has been moved on from', async () => {
      const { holder, begin } = await sending();
      await ledger.begin({ ...begin, attempt: 2, nonce: randomUUID(), cleared: 1 });
      const park = { ...holder, owner: 'kafka', round: 1, attempt: 1, evidence: EVIDENCE } as const;
      expect(await ledger.park(park)).toEqual({ verdict: 'moved-on' });
    });

    test('parking an earlier round has been moved on from, whatever the attempt', async () => {
      const { holder } = await sending();
      await ledger.reopen({ ...holder, owner: 'kafka', round: 1, notBefore: 0 });
      const park = { ...holder, owner: 'kafka', round: 1, attempt: 9, evidence: EVIDENCE } as const;
      expect(await ledger.park(park)).toEqual({ verdict: 'moved-on' });
    });

    test('a new round begins with nothing of the last one', async () => {
      const { request, holder, begin } = await sending();
      await ledger.park({ ...begin, evidence: EVIDENCE });
      await ledger.reopen({ ...holder, owner: 'kafka', round: 1, notBefore: 0 });
      const record = await ledger.read(request.messageId);
      expect(record).toMatchObject({ state: 'claimed', round: 2, attempt: 0 });
      expect(record).not.toHaveProperty('deadline');
      expect(record).not.toHaveProperty('evidence');
    });

    test('a round is reopened once, and a late repeat ends no later one', async () => {
      const { request, holder } = await sending();
      const reopen = { ...holder, owner: 'kafka', round: 1, notBefore: 0 } as const;
      expect(await ledger.reopen(reopen)).toEqual({ verdict: 'reopened', round: 2 });
      expect(await ledger.reopen(reopen)).toEqual({ verdict: 'reopened', round: 2 });
      await ledger.begin(beginRequest(holder, { round: 2 }));
      expect(await ledger.reopen(reopen)).toEqual({ verdict: 'reopened', round: 2 });
      await ledger.park({ ...holder, owner: 'kafka', round: 2, attempt: 1, evidence: EVIDENCE });
      expect(await ledger.reopen(reopen)).toEqual({ verdict: 'moved-on', round: 2 });
      expect(await ledger.read(request.messageId)).toMatchObject({ state: 'parked', round: 2 });
    });

    test('it is too early while the last attempt may still take effect, by the caller or by the recorded deadline', async () => {
      const { holder, deadline } = await sending();
      const reopen = { ...holder, owner: 'kafka', round: 1 } as const;
      const now = await ledger.now();
      expect(await ledger.reopen({ ...reopen, notBefore: now + 60_000 })).toMatchObject({
        verdict: 'too-early',
        notBefore: now + 60_000,
      });
      expect(await ledger.reopen({ ...reopen, notBefore: 0, settlesWithinMs: 60_000 })).toMatchObject({
        verdict: 'too-early',
        notBefore: deadline + 60_000,
      });
      expect(await ledger.reopen({ ...reopen, notBefore: now - 1 })).toMatchObject({ verdict: 'reopened' });
    });

    test('it is judged by when it was observed, however late it is carried out, and by no time to come', async () => {
      const { holder } = await sending();
      const reopen = { ...holder, owner: 'kafka', round: 1 } as const;
      const now = await ledger.now();
      expect(await ledger.reopen({ ...reopen, notBefore: now - 1_000, observedAt: now - 2_000 })).toMatchObject({
        verdict: 'too-early',
        notBefore: now - 1_000,
      });
      const toCome = { ...reopen, notBefore: now + 60_000, observedAt: now + 120_000 };
      expect(await ledger.reopen(toCome)).toMatchObject({ verdict: 'too-early' });
      expect(await ledger.reopen({ ...reopen, notBefore: now - 1_000, observedAt: now - 1_000 })).toMatchObject({
        verdict: 'reopened',
      });
    });

    test('park and reopen restore over an older record of another run, for the open run only', async () => {
      const { request, holder: old } = await sending();
      const holder = holderOf(request);
      const park = { ...holder, owner: 'kafka', round: 2, attempt: 1, evidence: EVIDENCE } as const;
      expect(await ledger.park(park)).toEqual({ verdict: 'other-run', owner: 'kafka', run: old.run });
      expect(await ledger.park({ ...park, restore: true })).toEqual({ verdict: 'recorded' });
      expect(await ledger.read(request.messageId)).toMatchObject({ state: 'parked', run: holder.run, round: 2 });
      const reopen = { ...old, owner: 'kafka', round: 2, notBefore: 0 } as const;
      expect(await ledger.reopen(reopen)).toMatchObject({ verdict: 'other-run' });
      expect(await ledger.reopen({ ...reopen, restore: true })).toEqual({ verdict: 'reopened', round: 3 });
    });
  });

  describe('settle', () => {
    test.each(['granted', 'refused', 'abandoned'] as const)(
      'keeps all facts of %s in the packed record',
      async (outcome) => {
        const { request, holder } = await claimed();
        const settle = { ...holder, owner: 'kafka', round: 12, attempt: 345, outcome } as const;
        expect(await ledger.settle(settle)).toEqual({ verdict: 'recorded' });
        expect(await ledger.read(request.messageId)).toEqual({
          messageId: request.messageId,
          state: 'settled',
          outcome,
          ...request.decision,
          fingerprint: request.fingerprint,
          seen: { kafka: true, rocketmq: false },
          run: holder.run,
          round: 12,
          attempt: 345,
        });
      },
    );

    test.each(['kafka', 'rocketmq'] as const)('keeps a record of %s within 44 bytes, in one block', async (owner) => {
      const request = routeRequest({
        decision: { owner, reason: 'bucket 5812 <= 10000', policyVersion: 1234 },
      });
      const holder = holderOf(request);
      await ledger.route([request]);
      await ledger.claim({ ...holder, side: owner });
      await ledger.settle({ ...holder, owner, round: 1, attempt: 1, outcome: 'granted' });
      await ledger.route([{ ...request, side: 'rocketmq' }]);
      const key = keys.record(MIGRATION, request.messageId);
      expect(await backend.client.object('ENCODING', key)).toBe('embstr');
      expect(await backend.client.pttl(key)).toBeGreaterThan(0);
      expect(await ledger.read(request.messageId)).toMatchObject({
        ...{ ...request.decision, round: 1, attempt: 1 },
        seen: { kafka: true, rocketmq: true },
      });
    });

    test('is final: a repeat is recorded, another outcome or run is told what the ledger holds', async () => {
      const { request, holder } = await claimed();
      const settle = { ...holder, owner: 'kafka', round: 1, attempt: 1, outcome: 'granted' } as const;
      await ledger.settle(settle);
      expect(await ledger.settle(settle)).toEqual({ verdict: 'recorded' });
      const held = { verdict: 'settled', owner: 'kafka', outcome: 'granted' };
      expect(await ledger.settle({ ...settle, outcome: 'abandoned' })).toEqual(held);
      expect(await ledger.settle({ ...settle, run: holderOf(request).run, restore: true })).toEqual(held);
    });

    test('restores a lost record as settled, for the open run only', async () => {
      const request = routeRequest();
      const settle = { ...holderOf(request), owner: 'rocketmq', round: 1, attempt: 1, outcome: 'granted' } as const;
      expect(await ledger.settle(settle)).toEqual({ verdict: 'lost' });
      expect(await ledger.settle({ ...settle, restore: true })).toEqual({ verdict: 'recorded' });
      expect(await ledger.read(request.messageId)).toMatchObject({ outcome: 'granted', owner: 'rocketmq' });
      expect((await ledger.read(request.messageId))?.reason).toMatch(/^adopted: /);
    });
  });

  test('a run that is no UUID and a fingerprint that is none enter no record', async () => {
    const request = routeRequest();
    const rejected = expect.objectContaining({ code: 'ledger-rejected', messageId: request.messageId });
    await expect(route({ ...request, fingerprint: 'abc' })).rejects.toEqual(rejected);
    await expect(ledger.claim({ ...holderOf(request, 'run-1'), side: 'kafka', restore: true })).rejects.toEqual(
      rejected,
    );
    const holder = holderOf({ ...request, fingerprint: 'abc' });
    await expect(ledger.claim({ ...holder, side: 'kafka', restore: true })).rejects.toEqual(rejected);
    expect(await ledger.read(request.messageId)).toBeUndefined();
  });

  describe('resume and strand', () => {
    const resumeOf = (request: RouteRequest, fromRun: string) => ({ ...holderOf(request), fromRun });

    test('a claim that no attempt followed is taken over clean, and a repeat hears the same later', async () => {
      const { request, holder } = await claimed();
      const resume = resumeOf(request, holder.run);
      const verdict = { verdict: 'resumed', owner: 'kafka', round: 0, certainty: 'clean' };
      expect(await ledger.resume(resume)).toEqual(verdict);
      expect(await ledger.resume(resume)).toEqual(verdict);
      await ledger.begin(beginRequest(resume));
      expect(await ledger.resume(resume)).toEqual({ ...verdict, round: 1 });
    });

    test.each(['sending', 'cleared', 'parked'])('whatever else the closed run did is unknown: %s', async (did) => {
      const { request, holder, begin } = await sending();
      if (did === 'cleared') await ledger.clear(begin);
      if (did === 'parked') await ledger.park({ ...begin, evidence: EVIDENCE });
      const resume = resumeOf(request, holder.run);
      expect(await ledger.resume(resume)).toEqual({
        verdict: 'resumed',
        owner: 'kafka',
        round: 1,
        certainty: 'unknown',
      });
      expect(await ledger.read(request.messageId)).toMatchObject({ state: 'parked', run: resume.run });
      expect(await ledger.claim({ ...holder, side: 'kafka' })).toMatchObject({ verdict: 'other-run' });
    });

    test('how clean an earlier run found it is not what a later one hears', async () => {
      const { request, holder } = await claimed();
      const second = resumeOf(request, holder.run);
      await ledger.resume(second);
      const third = resumeOf(request, second.run);
      await ledger.park({ ...third, owner: 'kafka', round: 1, attempt: 1, evidence: EVIDENCE, restore: true });
      expect(await ledger.resume(third)).toMatchObject({ verdict: 'resumed', certainty: 'unknown' });
    });

    test('nobody takes over from a run that does not hold the message', async () => {
      const { request, holder } = await claimed();
      expect(await ledger.resume(resumeOf(request, randomUUID()))).toEqual({
        verdict: 'other-run',
        owner: 'kafka',
        run: holder.run,
      });
      const unclaimed = routeRequest();
      await route(unclaimed);
      expect(await ledger.resume(resumeOf(unclaimed, randomUUID()))).toEqual({ verdict: 'not-claimed' });
    });

    test('a lost record is restored as unknown', async () => {
      const request = routeRequest();
      const resume = resumeOf(request, randomUUID());
      expect(await ledger.resume(resume)).toEqual({ verdict: 'lost' });
      const restored = { verdict: 'resumed', owner: 'kafka', round: 0, certainty: 'unknown' };
      expect(await ledger.resume({ ...resume, restore: true })).toEqual(restored);
      expect(await ledger.resume(resume)).toEqual(restored);
    });

    test('a stranded message says why until the next step, and only for its run', async () => {
      const { request, holder } = await claimed();
      expect(await ledger.strand(request.messageId, randomUUID(), 'terminated')).toBe(false);
      expect(await ledger.strand(request.messageId, holder.run, 'terminated')).toBe(true);
      await route(request);
      expect(await ledger.read(request.messageId)).toMatchObject({ stranded: 'terminated' });
      await ledger.begin(beginRequest(holder));
      expect(await ledger.read(request.messageId)).not.toHaveProperty('stranded');
    });

    test('a run that claims again is not stranded either', async () => {
      const { request, holder } = await claimed();
      await ledger.strand(request.messageId, holder.run, 'terminated');
      await ledger.claim({ ...holder, side: 'kafka' });
      expect(await ledger.read(request.messageId)).not.toHaveProperty('stranded');
    });

    test('one that nobody has claimed is stranded whatever the run; one that is settled or gone never is', async () => {
      const request = routeRequest();
      await route(request);
      expect(await ledger.strand(request.messageId, randomUUID(), 'terminated')).toBe(true);
      const { request: other, holder } = await claimed();
      await ledger.settle({ ...holder, owner: 'kafka', round: 1, attempt: 1, outcome: 'granted' });
      expect(await ledger.strand(other.messageId, holder.run, 'terminated')).toBe(false);
      expect(await ledger.strand(randomUUID(), holder.run, 'terminated')).toBe(false);
    });
  });
});
