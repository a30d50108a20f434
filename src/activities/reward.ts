import { activityInfo, cancellationSignal, heartbeat, log } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { toError } from '../domain/errors.js';
import type { Evidence, GrantResult, LookupEvidence, LookupReport, LookupResult } from '../domain/reward/outcome.js';
import type { Ledger } from '../ledger/ledger.js';
import type { WitnessedBeginVerdict } from '../ledger/verdicts.js';
import type { RewardProvider } from '../reward/provider.js';
import {
  type Attempt,
  askPatiently,
  beginOf,
  grantWithin,
  isOfItsRun,
  messageOf,
  newAttempt,
  type RewardRequest,
  type RewardResult,
  settleAttempt,
  unknownOutcome,
} from './reward-attempt.js';
import { type IsOpenRun, takeStep } from './runs.js';

/** Failure type of an attempt that the provider surely did not execute: the only one that another attempt may follow. */
const NOT_EXECUTED = 'NotExecuted';

export interface LookupAnswer {
  readonly result: LookupResult;
  /** When the provider was asked (Redis time, ms): the answer speaks of the time before it. */
  readonly askedAt: number;
  /**
   * The answer bears the provider's own mark. A worker of before there were marks does not say so, and takes a gateway's
   * 404 for 'absent': without this, `granted` and `absent` count as unknown.
   */
  readonly marked?: boolean;
  /** What it rests on. */
  readonly evidence?: Omit<LookupEvidence, 'result' | 'askedAt'>;
  /** See {@link LookupReport}. */
  readonly inVain?: boolean;
}

/** A series of attempts, made by one activity. */
export interface SeriesRequest extends RewardRequest {
  /**
   * Attempts of the round that were made before this activity, none of which was executed: the workflow knows it by its
   * history. Default 0.
   */
  readonly attemptsBefore?: number;
}

export interface RewardDependencies {
  readonly ledger: Pick<Ledger, 'begin' | 'beginWitnessed' | 'clear' | 'settle' | 'unindex' | 'read' | 'now'>;
  readonly provider: RewardProvider;
  readonly client: Pick<Client, 'workflow'>;
  readonly isOpenRun: IsOpenRun;
  /** Told of every attempt's result, for metrics and readiness. */
  readonly onAttempt: (result: GrantResult, messageId: string) => void;
  /** Why the lookup is not to be believed at present, a sentence. Default: it is. */
  readonly lookupFault?: () => string | undefined;
}

export interface RewardActivities {
  /** One attempt at the reward. Temporal's retry policy makes the next one, if and only if this one throws. */
  reward(request: SeriesRequest, body: Uint8Array): Promise<RewardResult>;
  /** Asks the provider whether the reward was given. */
  lookup(
    request: Pick<RewardRequest, 'messageId' | 'businessId' | 'traceparent'>,
    body: Uint8Array,
  ): Promise<LookupAnswer>;
}

export function createRewardActivities(deps: RewardDependencies): RewardActivities {
  const { ledger, provider, client, isOpenRun, onAttempt } = deps;

  /** Ends an attempt that was surely not executed, so that Temporal may make the next one. */
  async function failUnexecuted(at: Attempt, evidence: Evidence, retryAfterMs?: number): Promise<never> {
    const { request, attempt, nonce } = at;
    const { messageId, run, origin, round } = request;
    const aside = [
      ledger.clear({ messageId, run, origin, round, attempt, nonce }),
      activityInfo().attempt === 1 && tellRetrying(client, messageId),
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

  /**
   * Begins an attempt of which Temporal does not know whether the one before began: its worker died, or the server's answer
   * never reached a worker. The ledger can tell, unless it has lost something since it was witnessed; and by this `begin` the
   * one before is used up, so that it does not send if it goes on after all.
   */
  async function beginAfterSilence(at: Attempt, cleared: number): Promise<WitnessedBeginVerdict | undefined> {
    const { witness, messageId } = at.request;
    if (witness === undefined) return { verdict: 'forgotten' };
    const verdict = await askPatiently(at, () => ledger.beginWitnessed({ ...beginOf(at, cleared), witness }));
    if (verdict?.verdict === 'go') {
      const silent = { messageId, attempt: at.attempt - 1 };
      log.info(
        'the attempt ended without a word; the ledger shows that it sent nothing, so the next one is made',
        silent,
      );
    }
    return verdict;
  }

  return {
    async reward(request, body) {
      const { attempt: count, heartbeatDetails } = activityInfo();
      const { attemptsBefore = 0 } = request;
      const attempt = attemptsBefore + count;
      const at = newAttempt(request, attempt);
      const again = scheduledAgain(request);
      const cleared = clearedIn(heartbeatDetails) ?? attemptsBefore;
      const unknown = (why: string): Promise<RewardResult> => unknownOutcome(ledger, at, attempt - 1, why);
      // Temporal's own word comes before the ledger's: a record may be lost or rolled back, a history is not.
      if (again !== undefined) return unknown(again);
      const isProved = cleared === attempt - 1;
      const verdict = isProved
        ? await askPatiently(at, () => takeStep((begun) => ledger.begin(begun), beginOf(at, cleared), isOpenRun))
        : await beginAfterSilence(at, cleared);
      if (verdict?.verdict === 'settled') return { outcome: 'settled', as: verdict.outcome, attempt };
      if (!isProved && verdict?.verdict !== 'go')
        return unknown(`attempt ${attempt - 1} ended without a word of what it did`);
      if (verdict === undefined) return failUnexecuted(at, { phase: 'not-sent', detail: 'the ledger gave no verdict' });
      if (verdict.verdict !== 'go') return unknown(`the ledger does not allow this attempt: ${verdict.verdict}`);

      const result = await grantWithin(provider, at, body);
      onAttempt(result, request.messageId);
      const { outcome, evidence } = result;
      switch (outcome) {
        case 'granted':
        case 'refused':
          return { outcome, attempt, evidence, settled: await settleAttempt(deps, at, outcome) };
        case 'not-executed':
          return failUnexecuted(at, evidence, result.retryAfterMs);
        case 'unknown':
          return { outcome, attempt, evidence, deadline: verdict.deadline };
      }
    },

    async lookup(request, body) {
      if (provider.lookup === undefined)
        throw ApplicationFailure.nonRetryable('the provider has no lookup', 'NoLookup');
      const askedAt = await ledger.now();
      const said = await provider.lookup(messageOf(request, body), { signal: cancellationSignal() });
      return { ...readReport(said, deps.lookupFault?.()), askedAt };
    },
  };
}

/** Longest detail of a lookup that travels on, in characters. */
const DETAIL_MAX_LENGTH = 300;

/** A provider's code may answer anything: what is none of the three words is unknown. */
function readReport(said: LookupResult | LookupReport, fault: string | undefined): Omit<LookupAnswer, 'askedAt'> {
  const report: Partial<LookupReport> = typeof said === 'object' && said !== null ? said : { result: said };
  const { status, inVain } = report;
  const isWord = report.result === 'granted' || report.result === 'absent';
  const result = isWord && fault === undefined ? (report.result as LookupResult) : 'unknown';
  const detail = typeof report.detail === 'string' ? report.detail : `The provider's lookup says ${result}.`;
  return {
    result,
    marked: true,
    evidence: {
      detail: `${isWord && fault !== undefined ? `${fault} ` : ''}${detail}`.slice(0, DETAIL_MAX_LENGTH),
      ...(typeof status === 'number' && { status }),
    },
    ...(inVain === true && { inVain }),
  };
}

async function tellRetrying(client: Pick<Client, 'workflow'>, messageId: string): Promise<void> {
  await client.workflow.getHandle(messageId, activityInfo().workflowExecution?.runId).signal('retrying');
}

/**
 * Counts begin anew, and the proof of what the attempts before did not do is gone, where somebody has reset the workflow
 * while the activity was pending, or the activity. The attempt is then the first one in name only. Undefined: it is not so.
 */
function scheduledAgain(request: RewardRequest): string | undefined {
  const { attempt, scheduledTimestampMs, currentAttemptScheduledTimestampMs } = activityInfo();
  if (!isOfItsRun(request)) return 'its workflow was reset while it was pending';
  const isFirst = currentAttemptScheduledTimestampMs <= scheduledTimestampMs;
  return attempt === 1 && !isFirst ? 'the activity was reset' : undefined;
}

/** Undefined: nobody has said anything yet. */
function clearedIn(details: unknown): number | undefined {
  if (details === undefined || details === null) return undefined;
  const { cleared } = details as { cleared?: unknown };
  return typeof cleared === 'number' && Number.isInteger(cleared) ? cleared : 0;
}
