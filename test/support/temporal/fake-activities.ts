import { ApplicationFailure } from '@temporalio/common';
import type { OwnershipActivities, SeekResult } from '../../../src/activities/ownership.js';
import type { ResolutionActivities } from '../../../src/activities/resolution.js';
import type { RewardActivities } from '../../../src/activities/reward.js';
import type { RewardResult } from '../../../src/activities/reward-attempt.js';
import type { InlineActivities, InlineResult } from '../../../src/activities/reward-inline.js';

export type MessageActivities = OwnershipActivities & ResolutionActivities & RewardActivities & InlineActivities;

/** A call that the workflow made, in order. */
export interface Call {
  readonly activity: keyof MessageActivities;
  readonly request: unknown;
}

export const claimedByKafka = {
  found: 'claimed',
  owner: 'kafka',
  reason: 'switch off',
  adopted: false,
} as const satisfies SeekResult;
export const granted: RewardResult = {
  outcome: 'granted',
  attempt: 1,
  settled: true,
  evidence: { phase: 'answered', status: 200, detail: 'granted' },
};
export const unknown: RewardResult = {
  outcome: 'unknown',
  attempt: 1,
  deadline: 0,
  evidence: { phase: 'sent', detail: 'no answer within 10 s' },
};

/** Activities that answer as told and write down what they were asked; unless told otherwise, all goes well. */
export function fakeActivities(told: Partial<MessageActivities> = {}): {
  activities: MessageActivities;
  calls: Call[];
} {
  const calls: Call[] = [];
  const usual: MessageActivities = {
    seek: async () => claimedByKafka,
    reward: async () => granted,
    rewardInline: async () => granted,
    lookup: async () => ({ result: 'unknown', askedAt: 0 }),
    park: async () => undefined,
    reopen: async ({ round }) => ({ reopened: true, round: round + 1 }),
    settle: async ({ outcome }) => outcome,
    takeOver: async () => ({ found: 'unclaimed' }),
    findAttempts: async () => ({ attempted: false }),
    audit: async () => undefined,
  };
  const activities = Object.fromEntries(
    Object.entries({ ...usual, ...told }).map(([activity, answer]) => [
      activity,
      (...args: unknown[]) => {
        calls.push({ activity: activity as keyof MessageActivities, request: args[0] });
        return (answer as (...given: unknown[]) => unknown)(...args);
      },
    ]),
  ) as unknown as MessageActivities;
  return { activities, calls };
}

export const waitingForRocketmq: SeekResult = { found: 'waiting', owner: 'rocketmq', why: 'rocketmq is not past it' };
export const claimedByRocketmq: SeekResult = {
  found: 'claimed',
  owner: 'rocketmq',
  reason: 'whitelisted',
  adopted: false,
};
/** An attempt that was surely not executed, as the reward activity says it. */
export const notExecuted = (): never => {
  throw ApplicationFailure.create({
    type: 'NotExecuted',
    message: 'the provider answered 503',
    details: [{ phase: 'answered', status: 503, detail: 'the provider answered 503' }],
    nextRetryDelay: 10,
  });
};

/** The same, of the attempt within a workflow task. */
export const notExecutedInline: InlineResult = {
  outcome: 'not-executed',
  attempt: 1,
  retryAfterMs: 30,
  evidence: { phase: 'answered', status: 503, detail: 'the provider answered 503' },
};
export const elsewhere: InlineResult = {
  outcome: 'not-executed',
  attempt: 1,
  evidence: { phase: 'not-sent', detail: 'the workflow is not with a worker of kafka' },
  elsewhere: true,
};
