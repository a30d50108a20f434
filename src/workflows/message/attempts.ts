import { ActivityFailure, ApplicationFailure, proxyActivities, setHandler, workflowInfo } from '@temporalio/workflow';
import type { RewardActivities } from '../../activities/reward.js';
import type { RewardRequest, RewardResult } from '../../activities/reward-attempt.js';
import { type Evidence, REPORT_MARGIN_MS, type SettledOutcome } from '../../domain/reward/outcome.js';
import type { MessageInput } from '../../domain/run.js';
import { sideTaskQueue } from '../names.js';
import { retryingSignal } from './contract.js';
import { showState } from './ownership.js';
import type { HeldMessage } from './run.js';

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

/** A run before this one may have sent something, and took the knowledge of it along. */
export function takenOver(input: MessageInput): UnknownResult {
  return {
    kind: 'unknown',
    attempt: 0,
    evidence: { phase: 'sent', detail: 'an earlier workflow run of this message closed before it settled' },
    deadline: Date.now() + input.settings.attemptTimeoutMs,
    certainlyNot: false,
  };
}

/** What an attempt of this round is asked for. */
export function requestOf({ input, identity, owner, witness }: HeldMessage, round: number): RewardRequest {
  const { runId } = workflowInfo();
  return {
    ...identity,
    // Who schedules it, where that is not the run by which the ledger knows it.
    ...(runId !== identity.run && { scheduledBy: runId }),
    owner,
    round,
    lastsMs: input.settings.attemptTimeoutMs - REPORT_MARGIN_MS,
    ...(witness !== undefined && { witness }),
    ...(input.businessId !== undefined && { businessId: input.businessId }),
    ...(input.traceparent !== undefined && { traceparent: input.traceparent }),
  };
}

/** The attempts of a round that one activity makes. */
export interface Series {
  /** Attempts that were made before, surely unexecuted. */
  readonly attemptsBefore: number;
  readonly initialIntervalMs: number;
  readonly maximumAttempts: number;
}

/**
 * Makes one round: a reward activity on the owner's task queue, whose attempts Temporal's retry policy makes. `series`:
 * where the round has begun already.
 */
export async function rewardOnce(held: HeldMessage, round: number, series?: Series): Promise<RoundResult> {
  const { input, body, owner } = held;
  const { attemptTimeoutMs, retry } = input.settings;
  const { attemptsBefore, initialIntervalMs, maximumAttempts } = series ?? { ...retry, attemptsBefore: 0 };
  const { reward } = proxyActivities<RewardActivities>({
    taskQueue: sideTaskQueue(input.migration, owner),
    startToCloseTimeout: attemptTimeoutMs,
    retry: {
      initialInterval: initialIntervalMs,
      backoffCoefficient: retry.backoffCoefficient,
      maximumInterval: retry.maximumIntervalMs,
      maximumAttempts,
    },
    ...(round > 1 && { summary: `round ${round}` }),
  });
  const request = { ...requestOf(held, round), ...(attemptsBefore > 0 && { attemptsBefore }) };
  setHandler(retryingSignal, () => showState('retrying', owner));
  try {
    return roundResult(await reward(request, body));
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    return ranOut(error, attemptsBefore + maximumAttempts, attemptTimeoutMs);
  } finally {
    // An execution that was taken for dead may say so long after its round has ended, and must not hide what came of it.
    setHandler(retryingSignal, () => undefined);
  }
}

export function roundResult(result: RewardResult): RoundResult {
  switch (result.outcome) {
    case 'granted':
    case 'refused':
      return { kind: 'outcome', outcome: result.outcome, attempt: result.attempt, recorded: result.settled };
    case 'settled':
      return { kind: 'outcome', outcome: result.as, attempt: result.attempt, recorded: true };
    case 'unknown':
      return { ...result, kind: 'unknown', certainlyNot: false };
  }
}

/** The retries are exhausted, and every attempt was surely not executed. */
export function exhausted(attempt: number, why: string, last?: Evidence): UnknownResult {
  const evidence: Evidence = { phase: 'not-sent', ...last, detail: `retries exhausted: ${why}` };
  return { kind: 'unknown', attempt, evidence, deadline: 0, certainlyNot: true };
}

/** No attempt gave a word that ends the round: the retries are exhausted, or the last execution was never heard of again. */
export function ranOut(failure: ActivityFailure, attempt: number, attemptTimeoutMs: number): UnknownResult {
  const { cause } = failure;
  // The type is given by name, as importing the activity's module would bring its I/O into the workflow.
  if (cause instanceof ApplicationFailure && cause.type === 'NotExecuted') {
    return exhausted(attempt, cause.message, cause.details?.[0] as Evidence | undefined);
  }
  return {
    kind: 'unknown',
    attempt,
    evidence: { phase: 'sent', detail: `the last attempt was not heard of: ${cause?.message ?? failure.message}` },
    deadline: Date.now() + attemptTimeoutMs,
    certainlyNot: false,
  };
}
