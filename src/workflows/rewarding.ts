import { ActivityFailure, ApplicationFailure, proxyActivities, setHandler, workflowInfo } from '@temporalio/workflow';
import type { RewardActivities } from '../activities/reward-activities.js';
import { WORD_BEFORE_TIMEOUT_MS } from '../domain/attempt-time.js';
import type { Evidence, SettledOutcome } from '../domain/outcome.js';
import { retryingSignal } from './message-contract.js';
import type { HeldMessage } from './message-run.js';
import { sideTaskQueue } from './names.js';
import { showState } from './ownership.js';

/** How a round of attempts ended. */
export type RoundResult =
  | {
      readonly kind: 'outcome';
      readonly outcome: SettledOutcome;
      readonly attempt: number;
      /** The ledger has it already. */
      readonly recorded: boolean;
    }
  | {
      readonly kind: 'unknown';
      readonly attempt: number;
      readonly evidence: Evidence;
      /** Until when a request may have been written or answered, in ms since the epoch. */
      readonly deadline: number;
      /** The retries are exhausted, and every attempt was surely not executed. */
      readonly certainlyNot: boolean;
    };

export type UnknownResult = Extract<RoundResult, { kind: 'unknown' }>;

/**
 * An unknown result as it is to be taken now. One that the run before a reset left may be followed by more that this run
 * has not seen: only what begins after the reset is sure not to be sent any more.
 */
export function asOfReset(result: UnknownResult, { input, reset }: HeldMessage): UnknownResult {
  if (!reset.inDoubt()) return result;
  const deadline = Math.max(result.deadline, reset.at() + input.settings.attemptTimeoutMs);
  return { ...result, deadline, certainlyNot: false };
}

/** Makes one round: a reward activity on the owner's task queue, whose attempts Temporal's retry policy makes. */
export async function rewardOnce(held: HeldMessage, round: number): Promise<RoundResult> {
  const { input, body, identity, owner } = held;
  const { attemptTimeoutMs, retry } = input.settings;
  const { reward } = proxyActivities<RewardActivities>({
    taskQueue: sideTaskQueue(input.migration, owner),
    startToCloseTimeout: attemptTimeoutMs,
    retry: {
      initialInterval: retry.initialIntervalMs,
      backoffCoefficient: retry.backoffCoefficient,
      maximumInterval: retry.maximumIntervalMs,
      maximumAttempts: retry.maximumAttempts,
    },
    ...(round > 1 && { summary: `round ${round}` }),
  });
  const { runId } = workflowInfo();
  const request = {
    ...identity,
    // Who schedules it, where that is not the run by which the ledger knows it.
    ...(runId !== identity.run && { scheduledBy: runId }),
    owner,
    round,
    lastsMs: attemptTimeoutMs - WORD_BEFORE_TIMEOUT_MS,
    ...(input.businessId !== undefined && { businessId: input.businessId }),
    ...(input.traceparent !== undefined && { traceparent: input.traceparent }),
  };
  setHandler(retryingSignal, () => showState('retrying', owner));
  try {
    const result = await reward(request, body);
    switch (result.outcome) {
      case 'granted':
      case 'refused':
        return { kind: 'outcome', outcome: result.outcome, attempt: result.attempt, recorded: result.settled };
      case 'settled':
        return { kind: 'outcome', outcome: result.as, attempt: result.attempt, recorded: true };
      case 'unknown':
        return { ...result, kind: 'unknown', certainlyNot: false };
    }
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    return ranOut(error, retry.maximumAttempts, attemptTimeoutMs);
  } finally {
    // An execution that was taken for dead may say so long after its round has ended, and must not hide what came of it.
    setHandler(retryingSignal, () => undefined);
  }
}

/** No attempt gave a word that ends the round: the retries are exhausted, or the last execution was never heard of again. */
function ranOut(failure: ActivityFailure, attempt: number, attemptTimeoutMs: number): RoundResult {
  const { cause } = failure;
  // The type is given by name, as importing the activity's module would bring its I/O into the workflow.
  if (cause instanceof ApplicationFailure && cause.type === 'NotExecuted') {
    const last = cause.details?.[0] as Evidence | undefined;
    const evidence: Evidence = { phase: 'not-sent', ...last, detail: `retries exhausted: ${cause.message}` };
    return { kind: 'unknown', attempt, evidence, deadline: 0, certainlyNot: true };
  }
  return {
    kind: 'unknown',
    attempt,
    evidence: { phase: 'sent', detail: `the last attempt was not heard of: ${cause?.message ?? failure.message}` },
    deadline: Date.now() + attemptTimeoutMs,
    certainlyNot: false,
  };
}
