import { log } from '@temporalio/activity';
import type { Resolution, SettledOutcome } from '../domain/reward/outcome.js';
import type { ParkRequest, RunIdentity } from '../domain/run.js';
import type { Side } from '../domain/side.js';
import type { Ledger } from '../ledger/ledger.js';
import type { Audit } from '../ledger/redis/stores/audit.js';
import type { ReopenVerdict } from '../ledger/verdicts.js';
import type { EarlierAttempts, FindAttempts } from './earlier-attempts.js';
import { type IsOpenRun, takeStep } from './runs.js';

export interface ReopenRequest extends RunIdentity {
  readonly owner: Side;
  readonly round: number;
  /** Redis time (ms) before which the last request may still take effect; 0: it was surely not executed, or is forced. */
  readonly notBefore: number;
  /** The same, reckoned from the deadline that the ledger has recorded; 0: not to be looked at. */
  readonly settlesWithinMs: number;
  /** When it was seen that nothing had taken effect, Redis time (ms); the time of the call bounds it. */
  readonly observedAt?: number;
}

export type ReopenResult =
  | { readonly reopened: true; readonly round: number }
  | { readonly reopened: false; readonly why: string };

export interface SettleRequest extends RunIdentity {
  readonly owner: Side;
  readonly round: number;
  readonly attempt: number;
  readonly outcome: SettledOutcome;
}

export type TakeOverResult =
  | { readonly found: 'clean' | 'unknown'; readonly owner: Side; readonly round: number }
  | { readonly found: 'settled'; readonly owner: Side; readonly outcome: SettledOutcome }
  /** Nobody had claimed it: it goes the ordinary way. */
  | { readonly found: 'unclaimed' };

export interface ResolutionRecord {
  readonly messageId: string;
  readonly round: number;
  readonly resolution: Resolution | 'resume';
  readonly actor: string;
  readonly reason: string;
  /** What the ledger holds since, where the message was settled: it may be another outcome than was told. */
  readonly outcome?: SettledOutcome;
}

export interface ResolutionActivities {
  /** Holds the message; answers the final outcome if the ledger has one already, and then nothing is held. */
  park(request: ParkRequest): Promise<SettledOutcome | undefined>;
  /** Begins the round after `round`, or says why that is not to be done now. */
  reopen(request: ReopenRequest): Promise<ReopenResult>;
  /** Records the final outcome. Answers what the ledger holds, which differs only if someone else settled it first. */
  settle(request: SettleRequest): Promise<SettledOutcome>;
  /**
   * Takes a message over from a run that closed before it settled. `owner`: the side that had it, where the ledger does
   * not know any more; the first decision's by default.
   */
  takeOver(request: RunIdentity & { readonly fromRun: string; readonly owner?: Side }): Promise<TakeOverResult>;
  /** Looks for what earlier runs of the message have attempted. */
  findAttempts(request: Pick<RunIdentity, 'messageId'>): Promise<EarlierAttempts>;
  /** Writes a person's decision to the audit stream. */
  audit(record: ResolutionRecord): Promise<void>;
}

/** A closed run has no say: these steps are its zombie's, and nothing may come of them. */
function closed(messageId: string): Error {
  return new Error(`the workflow run that speaks for message ${messageId} is closed`);
}

function describeTooEarly({ notBefore, now }: Extract<ReopenVerdict, { verdict: 'too-early' }>): string {
  const leftMs = notBefore - now;
  return leftMs > 0
    ? `the last request may still take effect for another ${Math.ceil(leftMs / 1000)} s`
    : 'the last request may still take effect after the time of this answer: look at the provider again, and answer anew';
}

/**
 * The steps around an unknown outcome. The workflow itself takes them, so a record that names another run is one that
 * came back from an older state; with Temporal's word that this run is the open one, it is written over.
 */
export function createResolutionActivities(deps: {
  readonly ledger: Pick<Ledger, 'park' | 'reopen' | 'settle' | 'unindex' | 'resume' | 'index'>;
  readonly audit: Pick<Audit, 'append'>;
  readonly isOpenRun: IsOpenRun;
  readonly findAttempts: FindAttempts;
}): ResolutionActivities {
  const { ledger, audit, isOpenRun, findAttempts } = deps;
  const restorable = ['lost', 'other-run'] as const;

  return {
    async park(request) {
      const verdict = await takeStep((step) => ledger.park(step), request, isOpenRun, restorable);
      if (verdict.verdict === 'closed') throw closed(request.messageId);
      if (verdict.verdict === 'settled') return verdict.outcome;
      await ledger.index([request.messageId]);
      return undefined;
    },

    async reopen(request) {
      const verdict = await takeStep((step) => ledger.reopen(step), request, isOpenRun, restorable);
      if (verdict.verdict === 'closed') throw closed(request.messageId);
      switch (verdict.verdict) {
        case 'reopened':
          return { reopened: true, round: verdict.round };
        case 'too-early':
          return { reopened: false, why: describeTooEarly(verdict) };
        case 'settled':
          return { reopened: false, why: `it is settled: ${verdict.outcome}` };
        default:
          return { reopened: false, why: `the ledger answers ${verdict.verdict}` };
      }
    },

    async settle(request) {
      const verdict = await takeStep((step) => ledger.settle(step), request, isOpenRun, restorable);
      if (verdict.verdict === 'closed') throw closed(request.messageId);
      await ledger.unindex(request.messageId);
      if (verdict.verdict !== 'settled') return request.outcome;
      const { messageId, outcome: told } = request;
      const { outcome: stands } = verdict;
      // Two words about one reward, of which one is wrong: money may be missing, or be paid in vain.
      if (stands !== told) log.warn('settled otherwise before, which stands', { messageId, told, stands });
      return stands;
    },

    async takeOver(request) {
      if (!(await isOpenRun(request.messageId, request.run))) throw closed(request.messageId);
      let verdict = await ledger.resume(request);
      const fromAnother = verdict.verdict === 'other-run';
      // A third run, of which nobody here knows what it did. It is closed, as Temporal lets one be open: this one.
      if (verdict.verdict === 'other-run') verdict = await ledger.resume({ ...request, fromRun: verdict.run });
      switch (verdict.verdict) {
        case 'resumed':
          return {
            found: fromAnother ? 'unknown' : verdict.certainty,
            owner: verdict.owner,
            round: Math.max(verdict.round, 1),
          };
        case 'settled':
          return { found: 'settled', owner: verdict.owner, outcome: verdict.outcome };
        case 'not-claimed':
          return { found: 'unclaimed' };
        case 'lost':
          return { found: 'unknown', owner: request.owner ?? request.origin.decision.owner, round: 1 };
        case 'other-run':
          throw new Error(`message ${request.messageId} changes hands while it is being taken over`);
      }
    },

    findAttempts: ({ messageId }) => findAttempts(messageId),

    async audit(record) {
      await audit.append(record);
    },
  };
}
