import { type AdoptionDecision, type AdoptionInput, decideAdoption } from '../domain/flow/adoption.js';
import type { LedgerWitness } from '../domain/ledger/ledger-health.js';
import type { Decision } from '../domain/policy/policy.js';
import type { SettledOutcome } from '../domain/reward/outcome.js';
import type { Side } from '../domain/side.js';
import type { Holder, Ledger } from '../ledger/ledger.js';
import type { PolicyStore } from '../ledger/redis/stores/policy-store.js';
import type { SideStatus } from '../ledger/redis/stores/side-status.js';
import type { ClaimVerdict } from '../ledger/verdicts.js';
import { type IsOpenRun, type Proved, takeStep } from './runs.js';

export interface SeekRequest {
  readonly messageId: string;
  readonly run: string;
  readonly origin: { readonly decision: Decision; readonly fingerprint: string };
  /** The sides that have delivered the message so far, with when (Redis time, ms). */
  readonly delivered: AdoptionInput['delivered'];
  readonly marginMs: number;
  /** Also claims for the owner if the ledger has seen its delivery, of which an earlier run may have been told. Default false. */
  readonly heedsSeen?: boolean;
}

/** What a look at the ledger came to. */
export type SeekResult =
  | {
      readonly found: 'claimed';
      readonly owner: Side;
      readonly reason: string;
      readonly adopted: boolean;
      /** How the ledger is, before anything is sent. */
      readonly witness?: LedgerWitness;
    }
  | { readonly found: 'waiting'; readonly owner: Side; readonly why: string; readonly lookAgainMs?: number }
  | { readonly found: 'settled'; readonly owner: Side; readonly outcome: SettledOutcome }
  /** Nobody will bring it: it was published before the start, and the owner is past it. */
  | { readonly found: 'before-start'; readonly owner: Side }
  /** The record names another run: an earlier one of this message, closed before it settled. */
  | { readonly found: 'other-run'; readonly owner: Side; readonly fromRun: string }
  | { readonly found: 'closed' };

export interface OwnershipDependencies {
  readonly ledger: Pick<Ledger, 'claim' | 'adopt'>;
  readonly policyStore: Pick<PolicyStore, 'read'>;
  readonly sideStatus: Pick<SideStatus, 'consumedUpTo'>;
  readonly isOpenRun: IsOpenRun;
  /** How the ledger is now; undefined where that is not known for certain. Default: it never is. */
  readonly witness?: () => LedgerWitness | undefined;
}

export interface OwnershipActivities {
  /** Claims the message for whichever side has delivered it and owns it, or adopts it where that is proved due. */
  seek(request: SeekRequest): Promise<SeekResult>;
}

export function createOwnershipActivities(deps: OwnershipDependencies): OwnershipActivities {
  const { ledger, policyStore, sideStatus, isOpenRun } = deps;

  /** Whether the owner, which has not delivered, has no claim to patience any more. */
  async function considerAdoption(
    { delivered, marginMs }: SeekRequest,
    owner: Side,
    reason: string,
  ): Promise<AdoptionDecision> {
    const [reading, ownerPast] = await Promise.all([policyStore.read(), sideStatus.consumedUpTo(owner)]);
    const policy = reading.known ? reading.policy : undefined;
    return decideAdoption({ policy, owner, reason, ownerPast, delivered, marginMs, now: reading.readAt });
  }

  return {
    async seek(request) {
      const holder: Holder = { messageId: request.messageId, run: request.run, origin: request.origin };
      // Looked at before the claim: what is lost after that shows.
      const witness = deps.witness?.();
      let last: Proved<ClaimVerdict> | undefined;
      // The ledger may name another side than at first sight (a lost record decided anew), so each side that has
      // delivered is tried, whatever was decided when this run began.
      for (const { side } of request.delivered) {
        last = await takeStep((step) => ledger.claim(step), { ...holder, side }, isOpenRun);
        if (last.verdict !== 'not-owner') return seekResult(last, false, witness);
      }
      const { owner, reason: why } = last?.verdict === 'not-owner' ? last : request.origin.decision;
      const adoption = await considerAdoption(request, owner, why);
      if ('ends' in adoption) return { found: 'before-start', owner };
      if ('waits' in adoption) {
        const { waits, lookAgainMs } = adoption;
        if (request.heedsSeen === true && last?.verdict === 'not-owner' && last.seen[owner]) {
          const taken = await takeStep((step) => ledger.claim(step), { ...holder, side: owner }, isOpenRun);
          return seekResult(taken, false, witness);
        }
        return { found: 'waiting', owner, why: waits, ...(lookAgainMs !== undefined && { lookAgainMs }) };
      }
      const { adopter, reason } = adoption;
      return seekResult(
        await takeStep((step) => ledger.adopt(step), { ...holder, side: adopter, reason }, isOpenRun),
        true,
        witness,
      );
    },
  };
}

function seekResult(verdict: Proved<ClaimVerdict>, adopted: boolean, witness: LedgerWitness | undefined): SeekResult {
  switch (verdict.verdict) {
    case 'claimed':
      return {
        found: 'claimed',
        owner: verdict.owner,
        reason: verdict.reason,
        adopted,
        ...(witness !== undefined && { witness }),
      };
    case 'not-owner':
      return { found: 'waiting', owner: verdict.owner, why: verdict.reason };
    case 'settled':
      return { found: 'settled', owner: verdict.owner, outcome: verdict.outcome };
    case 'other-run':
      return { found: 'other-run', owner: verdict.owner, fromRun: verdict.run };
    case 'closed':
      return { found: 'closed' };
  }
}
