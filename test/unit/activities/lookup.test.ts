import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, it } from 'vitest';
import { createRewardActivities, type LookupAnswer } from '../../../src/activities/reward.js';
import type { RewardProvider } from '../../../src/reward/provider.js';

const body = new TextEncoder().encode('{}');

async function ask(lookup: unknown, lookupFault?: () => string | undefined): Promise<LookupAnswer> {
  const activities = createRewardActivities({
    ledger: { now: async () => 4_000 } as never,
    provider: { lookup } as RewardProvider,
    client: {} as never,
    isOpenRun: async () => true,
    onAttempt: () => undefined,
    ...(lookupFault !== undefined && { lookupFault }),
  });
  return new MockActivityEnvironment().run(activities.lookup, { messageId: 'm-1' }, body);
}

describe("what a run is told of the provider's lookup", () => {
  it('is what it reports, and that it was asked by marks', async () => {
    const report = { result: 'absent', detail: 'h answered 404, with the mark of absentWhen.', status: 404 };
    expect(await ask(async () => report)).toEqual({
      result: 'absent',
      askedAt: 4_000,
      marked: true,
      evidence: { detail: report.detail, status: 404 },
    });
    expect(await ask(async () => ({ result: 'unknown', detail: 'x', inVain: true }))).toMatchObject({ inVain: true });
  });

  it.each(['granted', 'absent', 'unknown'] as const)("is the one word %s of a provider's own code", async (word) => {
    expect(await ask(async () => word)).toMatchObject({ result: word, marked: true });
  });

  it.each([[undefined], [null], [true], ['GRANTED'], [{}], [{ result: 'maybe' }], [[]], [404]])(
    'is unknown where its code answers %j',
    async (said) => {
      expect(await ask(async () => said)).toMatchObject({
        result: 'unknown',
        evidence: { detail: expect.any(String) },
      });
    },
  );

  it('is unknown while the lookup says granted of messages that never were', async () => {
    const said = async () => ({ result: 'granted', detail: 'h answered 200, with the mark of grantedWhen.' });
    const answer = await ask(said, () => 'Not believed, as it says granted of everything.');
    expect(answer).toMatchObject({ result: 'unknown' });
    expect(answer.evidence?.detail).toMatch(/^Not believed, .* h answered 200/);
    expect(await ask(said, () => undefined)).toMatchObject({ result: 'granted' });
  });

  it('is bounded', async () => {
    const answer = await ask(async () => ({ result: 'unknown', detail: 'x'.repeat(100_000) }));
    expect(answer.evidence?.detail.length).toBeLessThanOrEqual(300);
  });
});
