import { randomUUID } from 'node:crypto';
import { activityInfo, cancellationSignal, heartbeat, log } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { toError } from '../domain/errors.js';
import type { Evidence, GrantResult, LookupResult, SettledOutcome } from '../domain/outcome.js';
import type { Decision } from '../domain/policy.js';
import type { Side } from '../domain/side.js';
import type { BeginRequest, Ledger } from '../ledger/ledger.js';
import type { BeginVerdict } from '../ledger/verdicts.js';
import type { RewardMessage, RewardProvider } from '../reward/provider.js';
import { describeTrace } from './attempt-trace.js';
import { type IsOpenRun, type Proved, takeStep } from './open-run.js';

/** Failure type of an attempt that the provider surely did not execute: the only one that another attempt may follow. */
export const NOT_EXECUTED = 'NotExecuted';

export interface RewardRequest {
  readonly messageId: string;
  readonly businessId?: string;
  readonly traceparent?: string;
  readonly run: string;
  /** The run that has scheduled it, by Temporal's ID; `run` by default. */
  readonly scheduledBy?: string;
  readonly origin: { readonly decision: Decision; readonly fingerprint: string };
  readonly owner: Side;
  readonly round: number;
  /** How long one attempt may last before it must not write any more; below the activity's start-to-close. */
  readonly lastsMs: number;
}

export type RewardResult =
  | {
      readonly outcome: 'granted' | 'refused';
      readonly attempt: number;
      readonly evidence: Evidence;
      /** The ledger has it already; otherwise the workflow settles it. */
      readonly settled: boolean;
    }
  | {
      readonly outcome: 'unknown';
      readonly attempt: number;
      readonly evidence: Evidence;
      /** Until when a request may have been written or answered (Redis time, ms). */
      readonly deadline: number;
    }
  /** The ledger held a final outcome before anything was sent. */
  | { readonly outcome: 'settled'; readonly as: SettledOutcome; readonly attempt: number };

export interface LookupAnswer {
  readonly result: LookupResult;
  /** When the provider was asked (Redis time, ms): the answer speaks of the time before it. */
  readonly askedAt: number;
}

export interface RewardDependencies {
  readonly ledger: Pick<Ledger, 'begin' | 'clear' | 'settle' | 'unindex' | 'read' | 'now'>;
  readonly provider: RewardProvider;
  readonly client: Pick<Client, 'workflow'>;
  readonly isOpenRun: IsOpenRun;
  /** Told of every attempt's result, for metrics and readiness. */
  readonly onAttempt: (result: GrantResult) => void;
}

export interface RewardActivities {
  /** One attempt at the reward. Temporal's retry policy makes the next one, if and only if this one throws. */
  reward(request: RewardRequest, body: Uint8Array): Promise<RewardResult>;
  /** Asks the provider whether the reward was given. */
  lookup(
    request: Pick<RewardRequest, 'messageId' | 'businessId' | 'traceparent'>,
    body: Uint8Array,
  ): Promise<LookupAnswer>;
}

/** For how long an attempt asks an absent ledger before it gives up, unexecuted. Leaves the provider its time. */
const LEDGER_PATIENCE_MS = 3_000;
const LEDGER_PAUSE_MS = 200;

interface Attempt {
  readonly request: RewardRequest;
  readonly attempt: number;
  readonly nonce: string;
  /** Past it by either clock, nothing may be written: the monotonic one may stand still in a suspended machine, the wall clock may be set. */
  readonly monotonicDeadline: number;
  readonly wallDeadline: number;
}

export function createRewardActivities(deps: RewardDependencies): RewardActivities {
  const { ledger, provider, client, isOpenRun, onAttempt } = deps;

  async function begin(at: Attempt, cleared: number): Promise<Proved<BeginVerdict> | undefined> {
    const { request, attempt, nonce } = at;
    const { messageId, run, origin, owner, round, lastsMs } = request;
    const step: BeginRequest = { messageId, run, origin, owner, round, attempt, nonce, cleared, lastsMs };
    const patience = performance.now() + LEDGER_PATIENCE_MS;
    for (;;) {
      try {
        return await takeStep((begun) => ledger.begin(begun), step, isOpenRun);
      } catch (error) {
        // The script may have run although its answer was lost; asking again with the same nonce is the same question.
        if (performance.now() >= patience) {
          log.warn('ledger gave no verdict; nothing was sent', { messageId, attempt, error: toError(error).message });
          return undefined;
        }
        await pause(LEDGER_PAUSE_MS);
      }
    }
  }

  /** Ends an attempt that was surely not executed, so that Temporal may make the next one. */
  async function failUnexecuted(
    at: Attempt,
    evidence: Evidence,
    begun: boolean,
    retryAfterMs?: number,
  ): Promise<never> {
    const { request, attempt, nonce } = at;
    const { messageId, run, origin, round } = request;
    const aside = [
      begun && ledger.clear({ messageId, run, origin, round, attempt, nonce }),
      attempt === 1 && tellRetrying(client, messageId),
    ];
    for (const outcome of await Promise.allSettled(aside)) {
      // Neither is needed for safety: the next `begin` is covered by the heartbeat below, and the state is for people.
      if (outcome.status === 'rejected')
        log.warn('an unexecuted attempt was not noted', { messageId, error: toError(outcome.reason).message });
    }
    // The proof for the next attempt: details of a heartbeat right before the failure travel with it.
    heartbeat({ cleared: attempt });
    throw ApplicationFailure.create({
      type: NOT_EXECUTED,
      message: evidence.detail,
      details: [evidence],
      ...(retryAfterMs !== undefined && { nextRetryDelay: retryAfterMs }),
    });
  }

  async function settle(at: Attempt, outcome: 'granted' | 'refused'): Promise<boolean> {
    const { messageId, run, origin, owner, round } = at.request;
    try {
      const step = { messageId, run, origin, owner, round, attempt: at.attempt, outcome };
      const { verdict } = await takeStep((settled) => ledger.settle(settled), step, isOpenRun);
      if (verdict !== 'recorded') return false;
      await ledger.unindex(messageId);
      return true;
    } catch (error) {
      // The provider has answered, and that answer must not be lost: the workflow settles it, with retries.
      log.warn('the outcome is not in the ledger yet', { messageId, outcome, error: toError(error).message });
      return false;
    }
  }

  return {
    async reward(request, body) {
      const { attempt, heartbeatDetails } = activityInfo();
      const again = scheduledAgain(request);
      const at: Attempt = {
        request,
        attempt,
        nonce: randomUUID(),
        monotonicDeadline: performance.now() + request.lastsMs,
        wallDeadline: Date.now() + request.lastsMs,
      };
      const cleared = clearedIn(heartbeatDetails);
      // Temporal's own word comes before the ledger's: a record may be lost or rolled back, a history is not.
      if (again !== undefined) return unknown(at, again);
      if (cleared !== attempt - 1) return unknown(at, `attempt ${attempt - 1} ended without a word of what it did`);
      const verdict = await begin(at, cleared);
      if (verdict === undefined) return failUnexecuted(at, notSent('the ledger gave no verdict'), true);
      if (verdict.verdict === 'settled') return { outcome: 'settled', as: verdict.outcome, attempt };
      if (verdict.verdict !== 'go') return unknown(at, `the ledger does not allow this attempt: ${verdict.verdict}`);

      const result = await grant(provider, at, messageOf(request, body));
      onAttempt(result);
      switch (result.outcome) {
        case 'granted':
        case 'refused':
          return {
            outcome: result.outcome,
            attempt,
            evidence: result.evidence,
            settled: await settle(at, result.outcome),
          };
        case 'not-executed':
          return failUnexecuted(at, result.evidence, true, result.retryAfterMs);
        case 'unknown':
          return { outcome: 'unknown', attempt, evidence: result.evidence, deadline: verdict.deadline };
      }
    },

    async lookup(request, body) {
      if (provider.lookup === undefined)
        throw ApplicationFailure.nonRetryable('the provider has no lookup', 'NoLookup');
      const askedAt = await ledger.now();
      return { result: await provider.lookup(messageOf(request, body), { signal: cancellationSignal() }), askedAt };
    },
  };

  /**
   * An outcome that nobody knows. The attempt that may have been sent began before this one, so its deadline lies before
   * that of an attempt beginning now, which is the bound that is given. Without Redis, this machine's clock must do.
   */
  async function unknown(at: Attempt, why: string): Promise<RewardResult> {
    const [now, trace] = await Promise.all([
      ledger.now().catch((error: unknown) => {
        log.warn('Redis time is not to be had', { error: toError(error).message });
        return Date.now();
      }),
      traceOf(at),
    ]);
    const detail = `${why}; ${trace}`;
    log.warn('outcome unknown', { messageId: at.request.messageId, attempt: at.attempt, detail });
    return {
      outcome: 'unknown',
      attempt: at.attempt,
      evidence: { phase: 'sent', detail },
      deadline: now + at.request.lastsMs,
    };
  }

  /** For the person who has to find out; nothing is decided by it, as a record may be lost or rolled back. */
  async function traceOf({ request, attempt }: Attempt): Promise<string> {
    try {
      return describeTrace(await ledger.read(request.messageId), request, attempt - 1);
    } catch (error) {
      log.warn('the record is not to be had', { messageId: request.messageId, error: toError(error).message });
      return 'the ledger could not be asked whether it began';
    }
  }
}

async function grant(provider: RewardProvider, at: Attempt, message: RewardMessage): Promise<GrantResult> {
  const maySend = (): boolean => performance.now() < at.monotonicDeadline && Date.now() < at.wallDeadline;
  const remainingMs = Math.max(1, Math.floor(at.monotonicDeadline - performance.now()));
  const signal = AbortSignal.any([AbortSignal.timeout(remainingMs), cancellationSignal()]);
  try {
    return await provider.grant(message, { attempt: at.attempt, signal, maySend });
  } catch (error) {
    return {
      outcome: 'unknown',
      evidence: { phase: 'sent', detail: `the provider's code threw: ${toError(error).name}` },
    };
  }
}

async function tellRetrying(client: Pick<Client, 'workflow'>, messageId: string): Promise<void> {
  await client.workflow.getHandle(messageId, activityInfo().workflowExecution?.runId).signal('retrying');
}

/**
 * Counts begin anew, and the proof of what the attempts before did not do is gone, where somebody has reset the workflow
 * while the activity was pending, or the activity. The attempt is then the first one in name only. Undefined: it is not so.
 */
function scheduledAgain({ run, scheduledBy = run }: RewardRequest): string | undefined {
  const { attempt, workflowExecution, scheduledTimestampMs, currentAttemptScheduledTimestampMs } = activityInfo();
  if (workflowExecution?.runId !== scheduledBy) return 'its workflow was reset while it was pending';
  const isFirst = currentAttemptScheduledTimestampMs <= scheduledTimestampMs;
  return attempt === 1 && !isFirst ? 'the activity was reset' : undefined;
}

function clearedIn(details: unknown): number {
  const cleared = (details as { cleared?: unknown } | undefined)?.cleared;
  return typeof cleared === 'number' && Number.isInteger(cleared) ? cleared : 0;
}

function notSent(detail: string): Evidence {
  return { phase: 'not-sent', detail };
}

function messageOf(
  request: Pick<RewardRequest, 'messageId' | 'businessId' | 'traceparent'>,
  body: Uint8Array,
): RewardMessage {
  const { messageId, businessId, traceparent } = request;
  return {
    messageId,
    body,
    ...(businessId !== undefined && { businessId }),
    ...(traceparent !== undefined && { traceparent }),
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
