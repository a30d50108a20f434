import type { Client } from '@temporalio/client';
import { describe, expect, it } from 'vitest';
import { HandoverError } from '../../../../src/domain/errors.js';
import { initialPolicy } from '../../../../src/domain/policy/policy.js';
import { OutOfTime } from '../../../../src/operations/answer-within.js';
import { readDoubt, readPolicy } from '../../../../src/operations/policy/read-policy.js';

const policy = initialPolicy('2026-11-23T12:00:00.000Z');
const missing = new HandoverError('namespace-missing', "Temporal has no namespace 'nope'.");
const noNamespace = (): Promise<Client> => Promise.reject(missing);

/** Temporal whose cutover workflow answers a query so. */
function answering(answer: () => unknown): () => Promise<Client> {
  const client = {
    withDeadline: async (_deadline: number, calls: () => Promise<unknown>) => calls(),
    workflow: { getHandle: () => ({ query: async () => answer() }) },
  };
  return async () => client as unknown as Client;
}

describe('what Temporal says of the policy in Redis', () => {
  it('is shown with what Redis says, and a Temporal that cannot be asked is not kept quiet', async () => {
    const policyStore = { read: async () => ({ known: true, policy, readAt: 0 }) };
    const session = { redis: async () => ({ policyStore }), temporal: noNamespace, migration: { name: 'rewards' } };
    expect(await readPolicy(session as never)).toEqual({ policy, fault: missing });
  });

  it('is nothing where both agree', async () => {
    expect(
      await readDoubt(
        answering(() => ({ policy })),
        'rewards',
      ),
    ).toEqual({});
  });

  it('is that nobody says whether it counts, where no worker answers', async () => {
    const silent = answering(() => {
      throw new OutOfTime('no answer within 2000 ms');
    });
    expect((await readDoubt(silent, 'rewards')).doubt).toMatch(/No worker of migration 'rewards' answers/);
  });
});
