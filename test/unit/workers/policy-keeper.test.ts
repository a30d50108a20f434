import type { Client } from '@temporalio/client';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { HandoverError } from '../../../src/domain/errors.js';
import { type PolicyKeeper, startPolicyKeeper } from '../../../src/workers/policy-keeper.js';

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
let keeper: PolicyKeeper;

/** A keeper each of whose looks fails so; `look` makes the next one. */
function keeperOf(fault: () => Error): { look: () => Promise<void> } {
  let next: () => void = () => undefined;
  const client = { withAbortSignal: () => Promise.reject(fault()) } as unknown as Client;
  const pause = (): Promise<void> =>
    new Promise((resolve) => {
      next = resolve;
    });
  const parts = { policyStore: {} as never, audit: {} as never, log: quiet, pause };
  keeper = startPolicyKeeper({ migration: 'rewards', client, ...parts });
  const look = async (): Promise<void> => {
    next();
    await vi.advanceTimersByTimeAsync(3_000);
  };
  return { look };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('a Temporal that is away is told also where no delivery meets it, but not for one look that fails', async () => {
  const { look } = keeperOf(() => new Error('14 UNAVAILABLE: no connection'));
  await look();
  expect(keeper.silence()).toBeUndefined();
  for (let i = 0; i < 6; i += 1) await look();
  expect(keeper.silence()).toMatch(/^the cutover workflow has not answered for \d+ s: 14 UNAVAILABLE: no connection$/);
});

it('a Redis that is away is not told as a Temporal that is', async () => {
  let away: Error = new HandoverError('ledger-unavailable', 'Redis gave no answer');
  const { look } = keeperOf(() => away);
  for (let i = 0; i < 8; i += 1) await look();
  expect(keeper.silence()).toBeUndefined();
  away = new Error('14 UNAVAILABLE');
  await look();
  expect(keeper.silence()).toBeUndefined();
});
