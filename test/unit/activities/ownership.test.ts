import { describe, expect, it } from 'vitest';
import { createOwnershipActivities, type SeekRequest } from '../../../src/activities/ownership.js';
import { initialPolicy, type Policy } from '../../../src/domain/policy/policy.js';
import type { Side } from '../../../src/domain/side.js';

const decision = { owner: 'kafka', reason: 'bucket 812 > 100', policyVersion: 3 } as const;
const request: SeekRequest = {
  messageId: 'm-1',
  run: 'run-2',
  origin: { decision, fingerprint: '00' },
  delivered: [{ side: 'rocketmq', receivedAt: 1_000 }],
  marginMs: 5_000,
};

/** A message that kafka owns, and that it has had a delivery of or not. */
async function seek(asked: Partial<SeekRequest>, seen: boolean, policy: Partial<Policy> = {}, ownerPast?: number) {
  const claimedFor: Side[] = [];
  const { seek: look } = createOwnershipActivities({
    ledger: {
      async claim({ side }) {
        claimedFor.push(side);
        const { owner, reason } = decision;
        if (side === owner) return { verdict: 'claimed', owner, reason, round: 0 };
        return { verdict: 'not-owner', owner, reason, seen: { kafka: seen, rocketmq: true } };
      },
      adopt: async ({ side, reason }) => ({ verdict: 'claimed', owner: side, reason, round: 0 }),
    },
    policyStore: {
      read: async () => ({
        known: true,
        policy: { ...initialPolicy('2026-01-01T00:00:00Z'), consumption: 'on', ...policy },
        readAt: 2_000,
      }),
    } as never,
    sideStatus: { consumedUpTo: async () => ownerPast } as never,
    isOpenRun: async () => true,
  });
  return { found: await look({ ...request, ...asked }), claimedFor };
}

describe('a run that comes after another one', () => {
  it('claims for the owner whose delivery the ledger has seen, as the other one may have been told of it', async () => {
    const { found, claimedFor } = await seek({ heedsSeen: true }, true);
    expect(found).toMatchObject({ found: 'claimed', owner: 'kafka', adopted: false });
    expect(claimedFor).toEqual(['rocketmq', 'kafka']);
  });

  it('waits for one that nobody has seen', async () => {
    expect((await seek({ heedsSeen: true }, false)).found).toMatchObject({ found: 'waiting', owner: 'kafka' });
  });

  it('adopts it first where that is due', async () => {
    const { found } = await seek({ heedsSeen: true }, true, { failover: 'rocketmq' });
    expect(found).toMatchObject({ found: 'claimed', owner: 'rocketmq', adopted: true });
  });
});

it('a first run waits for the delivery itself', async () => {
  const { found, claimedFor } = await seek({}, true);
  expect(found).toMatchObject({ found: 'waiting', owner: 'kafka' });
  expect(claimedFor).toEqual(['rocketmq']);
});

it('a message whose owner is past it by the time that the broker stored it is adopted at the first look', async () => {
  const delivered = [{ side: 'rocketmq', receivedAt: 600_000, storedBy: 1_000 }] as const;
  const { found } = await seek({ delivered }, false, {}, 6_000);
  expect(found).toMatchObject({ found: 'claimed', owner: 'rocketmq', adopted: true });
  expect((await seek({ delivered }, false, {}, 5_999)).found).toMatchObject({ found: 'waiting' });
});
