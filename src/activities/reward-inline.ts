import { log } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { toError } from '../domain/errors.js';
import type { LedgerWitness } from '../domain/ledger/ledger-health.js';
import type { Evidence, GrantResult } from '../domain/reward/outcome.js';
import type { Side } from '../domain/side.js';
import type { Ledger } from '../ledger/ledger.js';
import type { RewardProvider } from '../reward/provider.js';
import {
  type Attempt,
  askPatiently,
  beginOf,
  grantWithin,
  isOfItsRun,
  newAttempt,
  type RewardRequest,
  type RewardResult,
  settleAttempt,
  unknownOutcome,
} from './reward-attempt.js';
import type { IsOpenRun } from './runs.js';

export interface InlineRequest extends RewardRequest {
  /** How the ledger was when intake routed the message. */
  readonly witness: LedgerWitness;
}

export type InlineResult =
  | RewardResult
  /** Surely not executed, nor was any execution before this one: another attempt may follow. */
  | {
      readonly outcome: 'not-executed';
      readonly attempt: number;
      readonly evidence: Evidence;
      readonly retryAfterMs?: number;
      /** It was not tried, as the worker that has the workflow is not of the owner's side. */
      readonly elsewhere?: boolean;
    };

export interface InlineDependencies {
  /** Of the process: it gives the rewards of this side only. */
  readonly side: Side;
  readonly ledger: Pick<Ledger, 'beginWitnessed' | 'clear' | 'settle' | 'unindex' | 'read' | 'now'>;
  readonly provider: RewardProvider;
  readonly isOpenRun: IsOpenRun;
  readonly onAttempt: (result: GrantResult, messageId: string) => void;
}

export interface InlineActivities {
  /** The first attempt at the reward, as a local activity of the first workflow task. Fails only without the ledger. */
  rewardInline(request: InlineRequest, body: Uint8Array): Promise<InlineResult>;
}

/**
 * Temporal keeps no count of executions inside a workflow task: where a worker dies in one, the next begins as if it were
 * the first. The ledger alone can tell, so this attempt goes on only if the ledger holds no trace of another execution,
 * and cannot have lost one: it is the same server process, in the same epoch, as when the message was routed, and so
 * before any execution. Nothing is restored here: a record that is missing is a loss.
 */
export function createInlineActivities(deps: InlineDependencies): InlineActivities {
  const { side, ledger, provider, onAttempt } = deps;

  async function clear({ request, attempt, nonce }: Attempt): Promise<void> {
    const { messageId, run, origin, round } = request;
    try {
      await ledger.clear({ messageId, run, origin, round, attempt, nonce });
    } catch (error) {
      // Not needed for safety: the workflow's history covers this attempt, as this execution's result is in it.
      log.warn('an unexecuted attempt was not noted', { messageId, error: toError(error).message });
    }
  }

  return {
    async rewardInline(request, body) {
      const attempt = 1;
      const at = newAttempt(request, attempt);
      const { witness } = request;
      const unknown = (why: string): Promise<RewardResult> => unknownOutcome(ledger, at, attempt, why);
      if (!isOfItsRun(request)) return unknown('its workflow was reset while it was executed');
      const verdict = await askPatiently(at, () => ledger.beginWitnessed({ ...beginOf(at, 0), witness }));
      // Not a word of what an earlier execution did: that has to be asked again, for as long as it takes.
      if (verdict === undefined) throw ApplicationFailure.retryable('the ledger gave no verdict', 'NoVerdict');
      if (verdict.verdict === 'settled') return { outcome: 'settled', as: verdict.outcome, attempt };
      if (verdict.verdict !== 'go') return unknown(WHY_NOT[verdict.verdict]);
      if (request.owner !== side) {
        // What comes next may rely on it that no execution has begun before, and that none will: the pair is used up.
        await clear(at);
        const detail = `the workflow is not with a worker of ${request.owner}`;
        return { outcome: 'not-executed', attempt, evidence: { phase: 'not-sent', detail }, elsewhere: true };
      }

      const result = await grantWithin(provider, at, body);
      onAttempt(result, request.messageId);
      const { outcome, evidence } = result;
      switch (outcome) {
        case 'granted':
        case 'refused':
          return { outcome, attempt, evidence, settled: await settleAttempt(deps, at, outcome) };
        case 'not-executed': {
          await clear(at);
          const { retryAfterMs } = result;
          return { outcome, attempt, evidence, ...(retryAfterMs !== undefined && { retryAfterMs }) };
        }
        case 'unknown':
          return { outcome, attempt, evidence, deadline: verdict.deadline };
      }
    },
  };
}

const WHY_NOT = {
  late: 'another execution of the first attempt began before, and its worker died or hangs',
  uncovered: 'another attempt began before',
  parked: 'the ledger holds it as parked',
  'other-run': 'the ledger names another run',
  lost: 'the ledger has lost the record since the message was claimed',
  forgotten: 'the ledger may have lost records since the message was routed',
} as const;
