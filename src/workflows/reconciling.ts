import { ActivityFailure, proxyActivities, sleep } from '@temporalio/workflow';
import type { LookupAnswer, RewardActivities } from '../activities/reward-activities.js';
import { ledgerSteps } from './ledger-steps.js';
import type { HeldMessage } from './message-run.js';
import { sideTaskQueue } from './names.js';
import type { Resolved } from './parking.js';
import { asOfReset, type RoundResult } from './rewarding.js';

/** How many rounds lookups may open by themselves before a person is asked. */
const ROUNDS_BY_LOOKUP = 5;

/** How many times a lookup that cannot tell is asked again before the message is parked, and the first pause between. */
const LOOKUPS = 6;
const FIRST_PAUSE_MS = 1_000;

/**
 * Asks the provider what became of an unknown outcome, where it has a lookup. 'Absent' proves something only when it was
 * asked later than the request could still take effect; 'granted' proves itself. Undefined: it could not tell.
 */
export async function reconcile(held: HeldMessage, round: number, result: RoundResult): Promise<Resolved | undefined> {
  const { input } = held;
  if (result.kind !== 'unknown' || result.certainlyNot) return undefined;
  if (!input.settings.lookup || round > ROUNDS_BY_LOOKUP) return undefined;
  const { settlesWithinMs } = input.settings;

  for (let asked = 0; asked < LOOKUPS; asked += 1) {
    const answer = await lookup(held);
    const own = held.reset.isPast();
    const notBefore = asOfReset(result, held).deadline + settlesWithinMs;
    if (answer?.result === 'granted') return { kind: 'outcome', outcome: 'granted', by: 'lookup' };
    if (answer?.result === 'absent' && answer.askedAt > notBefore) {
      const reopened = await ledgerSteps.reopen({
        ...held.identity,
        owner: held.owner,
        round,
        notBefore,
        settlesWithinMs,
        observedAt: answer.askedAt,
      });
      if (!reopened.reopened) return undefined;
      if (own) held.reset.opened();
      return { kind: 'reopened', round: reopened.round };
    }
    const untilItSettles = answer?.result === 'absent' ? notBefore - answer.askedAt + 1 : 0;
    await sleep(Math.max(untilItSettles, FIRST_PAUSE_MS * 2 ** asked));
  }
  return undefined;
}

/** One lookup, with Temporal's retries for a worker or provider that is away; undefined when it gave no answer. */
async function lookup(held: HeldMessage): Promise<LookupAnswer | undefined> {
  const { input, body, owner } = held;
  const activities = proxyActivities<RewardActivities>({
    taskQueue: sideTaskQueue(input.migration, owner),
    startToCloseTimeout: input.settings.attemptTimeoutMs,
    retry: { initialInterval: '1 s', maximumInterval: '30 s', maximumAttempts: 5 },
  });
  const { messageId, businessId, traceparent } = input;
  try {
    return await activities.lookup(
      { messageId, ...(businessId !== undefined && { businessId }), ...(traceparent !== undefined && { traceparent }) },
      body,
    );
  } catch (error) {
    if (error instanceof ActivityFailure) return undefined;
    throw error;
  }
}
