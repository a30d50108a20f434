import { randomUUID } from 'node:crypto';
import { activityInfo, cancellationSignal, log } from '@temporalio/activity';
import { toError } from '../domain/errors.js';
import type { LedgerWitness } from '../domain/ledger/ledger-health.js';
import type { Decision } from '../domain/policy/policy.js';
import type { Evidence, GrantResult, SettledOutcome } from '../domain/reward/outcome.js';
import type { Side } from '../domain/side.js';
import type { BeginRequest, Ledger } from '../ledger/ledger.js';
import type { RewardMessage, RewardProvider } from '../reward/provider.js';
import { describeTrace } from './attempt-trace.js';
import { type IsOpenRun, takeStep } from './runs.js';

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
  /**
   * How the ledger was before the first attempt. While it has lost nothing since, it can tell that an attempt which ended
   * without a word never began. Absent: it is not believed in that.
   */
  readonly witness?: LedgerWitness;
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

/** One execution of an attempt at the reward. */
export interface Attempt {
  readonly request: RewardRequest;
  /** Counts from 1 within the round. */
  readonly attempt: number;
  readonly nonce: string;
  /** Past it by either clock, nothing may be written: the monotonic one may stand still in a suspended machine, the wall clock may be set. */
  readonly monotonicDeadline: number;
  readonly wallDeadline: number;
}

/** Begins now: its time runs from this call. */
export function newAttempt(request: RewardRequest, attempt: number): Attempt {
  return {
    request,
    attempt,
    nonce: randomUUID(),
    monotonicDeadline: performance.now() + request.lastsMs,
    wallDeadline: Date.now() + request.lastsMs,
  };
}

/** As the ledger is asked for it. `cleared`: see there. */
export function beginOf({ request, attempt, nonce }: Attempt, cleared: number): BeginRequest {
  const { messageId, run, origin, owner, round, lastsMs } = request;
  return { messageId, run, origin, owner, round, attempt, nonce, cleared, lastsMs };
}

/** For how long an attempt asks an absent ledger before it gives up. Leaves the provider its time. */
const LEDGER_PATIENCE_MS = 3_000;
const LEDGER_PAUSE_MS = 200;

/**
 * Asks an absent ledger again for a while, by the same nonce, which is the same question: the script may have run although
 * its answer was lost. Undefined: it gave no verdict.
 */
export async function askPatiently<V>(at: Attempt, ask: () => Promise<V>): Promise<V | undefined> {
  const patience = performance.now() + LEDGER_PATIENCE_MS;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (performance.now() >= patience) {
        const { messageId } = at.request;
        const fields = { messageId, attempt: at.attempt, error: toError(error).message };
        log.warn('ledger gave no verdict; nothing was sent', fields);
        return undefined;
      }
      await pause(LEDGER_PAUSE_MS);
    }
  }
}

/** Lets the provider give the reward, within the attempt's time. */
export async function grantWithin(provider: RewardProvider, at: Attempt, body: Uint8Array): Promise<GrantResult> {
  const maySend = (): boolean => performance.now() < at.monotonicDeadline && Date.now() < at.wallDeadline;
  const remainingMs = Math.max(1, Math.floor(at.monotonicDeadline - performance.now()));
  const signal = AbortSignal.any([AbortSignal.timeout(remainingMs), cancellationSignal()]);
  try {
    return await provider.grant(messageOf(at.request, body), { attempt: at.attempt, signal, maySend });
  } catch (error) {
    return {
      outcome: 'unknown',
      evidence: { phase: 'sent', detail: `the provider's code threw: ${toError(error).name}` },
    };
  }
}

/** The provider has answered. Answers whether the ledger has it; if not, the workflow settles it, with retries. */
export async function settleAttempt(
  { ledger, isOpenRun }: { readonly ledger: Pick<Ledger, 'settle' | 'unindex'>; readonly isOpenRun: IsOpenRun },
  at: Attempt,
  outcome: 'granted' | 'refused',
): Promise<boolean> {
  const { messageId, run, origin, owner, round } = at.request;
  try {
    const step = { messageId, run, origin, owner, round, attempt: at.attempt, outcome };
    const { verdict } = await takeStep((settled) => ledger.settle(settled), step, isOpenRun);
    if (verdict !== 'recorded') return false;
    await ledger.unindex(messageId);
    return true;
  } catch (error) {
    // The provider has answered, and that answer must not be lost.
    log.warn('the outcome is not in the ledger yet', { messageId, outcome, error: toError(error).message });
    return false;
  }
}

/**
 * An outcome that nobody knows. The attempt that may have been sent began before this one, so its deadline lies before
 * that of an attempt beginning now, which is the bound that is given. Without Redis, this machine's clock must do.
 * `suspect`: the attempt that may have been sent.
 */
export async function unknownOutcome(
  ledger: Pick<Ledger, 'read' | 'now'>,
  at: Attempt,
  suspect: number,
  why: string,
): Promise<RewardResult> {
  const [now, trace] = await Promise.all([
    ledger.now().catch((error: unknown) => {
      log.warn('Redis time is not to be had', { error: toError(error).message });
      return Date.now();
    }),
    traceOf(ledger, at.request, suspect),
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
async function traceOf(ledger: Pick<Ledger, 'read'>, request: RewardRequest, attempt: number): Promise<string> {
  try {
    return describeTrace(await ledger.read(request.messageId), request, attempt);
  } catch (error) {
    log.warn('the record is not to be had', { messageId: request.messageId, error: toError(error).message });
    return 'the ledger could not be asked whether it began';
  }
}

/** Whether Temporal executes it for the run that has scheduled it, and not for one that a reset has made of that. */
export function isOfItsRun({ run, scheduledBy = run }: RewardRequest): boolean {
  return activityInfo().workflowExecution?.runId === scheduledBy;
}

export function messageOf(
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
