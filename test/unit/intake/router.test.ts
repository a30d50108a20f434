import { describe, expect, it } from 'vitest';
import type { Delivery } from '../../../src/brokers/source.js';
import { HandoverError } from '../../../src/domain/errors.js';
import { decide, initialPolicy } from '../../../src/domain/policy/policy.js';
import { Gate } from '../../../src/intake/gate.js';
import { type Arrival, Router } from '../../../src/intake/router.js';
import type { RouteRequest } from '../../../src/ledger/ledger.js';
import type { RouteVerdict } from '../../../src/ledger/verdicts.js';

const decided = { owner: 'kafka', reason: 'switch off' } as const;
const VERDICTS: Readonly<Record<RouteVerdict['verdict'], RouteVerdict>> = {
  process: { verdict: 'process', ...decided, policyVersion: 1 },
  wait: { verdict: 'wait', ...decided, policyVersion: 1 },
  check: { verdict: 'check', ...decided, run: 'run-1' },
  done: { verdict: 'done', ...decided },
  unproved: { verdict: 'unproved' },
  unreadable: { verdict: 'unreadable', why: 'junk' },
  'id-reused': { verdict: 'id-reused' },
  'too-old': { verdict: 'too-old' },
  'before-start': { verdict: 'before-start' },
  'stale-policy': { verdict: 'stale-policy' },
};
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

function createRouter(
  answer: (request: RouteRequest) => RouteVerdict,
  index: (ids: readonly string[]) => Promise<void>,
) {
  const stopping = new AbortController();
  const policy = initialPolicy('2026-01-01T00:00:00Z');
  const known = { policy, validUntil: 10_000, decide: (input: Parameters<typeof decide>[1]) => decide(policy, input) };
  const requests: RouteRequest[] = [];
  const router = new Router({
    side: 'kafka',
    rules: {
      migration: 'r',
      cutoverKey: 'messageId',
      checkAfterMs: 1_000,
      memoryMs: 1e6,
      witnessMs: 1e6,
      surelyWitnessedMs: 1e6,
    },
    ledger: {
      route: async (batch) => {
        requests.push(...batch);
        return batch.map(answer);
      },
      index,
    },
    policy: { whenKnown: async () => known, refresh: async () => undefined, redisNow: () => Date.now() },
    ledgerIsWhole: async () => true,
    isRecovering: () => false,
    gate: new Gate(silent, stopping.signal),
    stopping: stopping.signal,
    onVerdict: () => undefined,
  });
  const arrivalOf = (messageId: string): Arrival => {
    const delivery: Delivery = {
      side: 'kafka',
      topic: 't',
      coordinates: `kafka:t/0/${messageId}`,
      properties: new Map(),
      key: undefined,
      body: Buffer.from('{}'),
      storedAt: Date.now(),
      receivedAt: Date.now(),
    };
    return router.identify(delivery, { messageId, body: Buffer.from('{}') } as Arrival['message']);
  };
  return { router, requests, arrivalOf };
}

describe('no delivery is acted on before a sweeper could find its message (P2)', () => {
  it('whatever may stay unsettled is in the age index before its verdict is answered, the others are not entered', async () => {
    const names = Object.keys(VERDICTS).filter((name) => name !== 'stale-policy');
    const indexed: string[] = [];
    const { router, requests, arrivalOf } = createRouter(
      ({ messageId }) => VERDICTS[messageId as RouteVerdict['verdict']],
      async (ids) => {
        await Promise.resolve();
        indexed.push(...ids);
      },
    );
    await router.route(names.map(arrivalOf));
    expect(indexed).toEqual(['process', 'wait', 'check', 'unreadable']);
    expect(requests.map(({ coordinates }) => coordinates)).toEqual(names.map((name) => `kafka:t/0/${name}`));
  });

  it('while it cannot be entered, the verdict is not answered', async () => {
    let calls = 0;
    const { router, arrivalOf } = createRouter(
      () => VERDICTS.process,
      async () => {
        calls += 1;
        if (calls < 3) throw new HandoverError('ledger-unavailable', 'Redis gave no answer');
      },
    );
    expect(await router.route([arrivalOf('m-1')])).toEqual([VERDICTS.process]);
    expect(calls).toBe(3);
  });
});
