import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, it } from 'vitest';
import type { RewardActivities, SeriesRequest } from '../../../src/activities/reward.js';
import type { RewardResult } from '../../../src/activities/reward-attempt.js';
import type { InlineActivities } from '../../../src/activities/reward-inline.js';
import { AttemptsUnderWay } from '../../../src/workers/attempts-under-way.js';

const UNKNOWN = {
  outcome: 'unknown',
  attempt: 1,
  evidence: { phase: 'sent', detail: 'cut off' },
  deadline: 0,
} as const;
const GRANTED = {
  outcome: 'granted',
  attempt: 1,
  evidence: { phase: 'answered', detail: 'ok' },
  settled: true,
} as const;
const request = { messageId: 'm-1' } as SeriesRequest;

function watched(attempts: AttemptsUnderWay, reward: () => Promise<RewardResult>) {
  const activities: InlineActivities & Pick<RewardActivities, 'reward'> = { reward, rewardInline: reward };
  return attempts.watch(activities);
}

describe('attempts that a stop cuts off', () => {
  it('are named: the cancelled ones whose outcome is unknown', async () => {
    const attempts = new AttemptsUnderWay();
    const environment = new MockActivityEnvironment();
    const { reward } = watched(attempts, async () => {
      environment.cancel('WORKER_SHUTDOWN');
      return UNKNOWN;
    });
    await environment.run(reward, request, new Uint8Array());
    expect(attempts.cutOff).toEqual(['m-1']);
  });

  it('are named: those that never end', () => {
    const attempts = new AttemptsUnderWay();
    const { reward } = watched(attempts, () => new Promise(() => undefined));
    void new MockActivityEnvironment().run(reward, request, new Uint8Array());
    expect(attempts.cutOff).toEqual(['m-1']);
  });

  it('are not those that were answered in spite of it, nor an unknown outcome of another cause', async () => {
    const attempts = new AttemptsUnderWay();
    const environment = new MockActivityEnvironment();
    const answered = watched(attempts, async () => {
      environment.cancel('WORKER_SHUTDOWN');
      return GRANTED;
    });
    await environment.run(answered.reward, request, new Uint8Array());
    const unknown = watched(attempts, async () => UNKNOWN);
    await new MockActivityEnvironment().run(unknown.reward, request, new Uint8Array());
    expect(attempts.cutOff).toEqual([]);
  });
});
