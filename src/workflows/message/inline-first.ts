import { ActivityFailure, proxyLocalActivities, sleep } from '@temporalio/workflow';
import type { InlineActivities } from '../../activities/reward-inline.js';
import { exhausted, type RoundResult, ranOut, requestOf, rewardOnce, roundResult, takenOver } from './attempts.js';
import { showState } from './ownership.js';
import type { HeldMessage } from './run.js';

/**
 * Makes the first round of a run. With a witness its first attempt is a local activity, which costs no round trip through
 * the server; if that was surely not executed, the others are made by an ordinary activity, as Temporal Web UI shows those.
 *
 * A run that has a witness makes no other first attempt: a worker that died in the run's first task may have made this one
 * already, and a ledger that has forgotten that would let an ordinary one send.
 */
export async function rewardFirst(held: HeldMessage, round: number): Promise<RoundResult> {
  const { input, body, owner, reset } = held;
  const { dispatch, attemptTimeoutMs, retry } = input.settings;
  const { witness } = input;
  if (dispatch !== 'inline-first' || witness === undefined) return rewardOnce(held, round);

  const { rewardInline } = proxyLocalActivities<InlineActivities>({
    startToCloseTimeout: attemptTimeoutMs,
    // It is executed again only where it had no verdict of the ledger, and for that the message waits. Or where it did not
    // end in time: then the ledger knows that it began, and the outcome is unknown.
    localRetryThreshold: '10 s',
    retry: { initialInterval: '200 ms', backoffCoefficient: 2, maximumInterval: '30 s' },
  });
  try {
    const result = await rewardInline({ ...requestOf(held, round), witness }, body);
    if (result.outcome !== 'not-executed') return roundResult(result);
    const { initialIntervalMs, backoffCoefficient, maximumIntervalMs, maximumAttempts } = retry;
    const { attempt: attemptsBefore, evidence } = result;
    if (result.elsewhere === true) {
      return await rewardOnce(held, round, { attemptsBefore, initialIntervalMs, maximumAttempts });
    }
    if (maximumAttempts <= 1) return exhausted(attemptsBefore, evidence.detail, evidence);
    showState('retrying', owner);
    await sleep(result.retryAfterMs ?? initialIntervalMs, { summary: `tries again: ${evidence.detail}` });
    // A run that a reset has made does not know what the one before has sent since.
    if (reset.inDoubt()) return takenOver(input);
    return await rewardOnce(held, round, {
      attemptsBefore,
      initialIntervalMs: Math.min(initialIntervalMs * backoffCoefficient, maximumIntervalMs),
      maximumAttempts: maximumAttempts - 1,
    });
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    return ranOut(error, 1, attemptTimeoutMs);
  }
}
