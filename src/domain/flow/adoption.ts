import type { Policy } from '../policy/policy.js';
import { BEFORE_START, isBeforeStart } from '../policy/start.js';
import { otherSide, type Side } from '../side.js';

/** What is known of when a side got its copy of a message. Redis time, ms. */
export interface Arrived {
  readonly receivedAt: number;
  /** The side's broker had stored it by then. Default: `receivedAt`, as in runs from before this was told. */
  readonly storedBy?: number;
}

/**
 * How far the owner's side must be for it to be proved that its half of the double write will not come: by then its broker
 * has stored it, or never will. The copy that is here was stored some time before it was received: a backlog that is
 * worked off slowly must not make each of its messages wait anew.
 */
function ownerIsPastAt({ receivedAt, storedBy = receivedAt }: Arrived, marginMs: number): number {
  return Math.min(storedBy, receivedAt) + marginMs;
}

/** Unknown is never past. */
export function isOwnerPast(ownerPast: number | undefined, arrived: Arrived, marginMs: number): boolean {
  return ownerPast !== undefined && ownerPast >= ownerIsPastAt(arrived, marginMs);
}

export interface AdoptionInput {
  /** Undefined: it cannot be read now, and then nobody adopts. */
  readonly policy: Policy | undefined;
  readonly owner: Side;
  /** Why the ledger's record says so. */
  readonly reason?: string | undefined;
  /** Everything that the owner's side had stored by then has been handed out and accepted (Redis time, ms). */
  readonly ownerPast: number | undefined;
  /** `storedAt`: by the side's broker, ms since the epoch. */
  readonly delivered: readonly (Arrived & { readonly side: Side; readonly storedAt?: number })[];
  /** How much later than its twin the owner's half of a double write may be stored, in ms. */
  readonly marginMs: number;
  /** Redis time, ms. */
  readonly now: number;
}

export type AdoptionDecision =
  | { readonly adopter: Side; readonly reason: string }
  /** It was published before the start, `kafka` is past it, and `rocketmq` may not have it: nobody will bring it. */
  | { readonly ends: typeof BEFORE_START }
  | {
      /** Why nobody adopts it now. */
      readonly waits: string;
      /** In how long a look may find otherwise, in ms, if the owner's side goes on at its present lag. */
      readonly lookAgainMs?: number;
    };

/**
 * Whether the other side may take over a message that its owner has not delivered. This is about fairness, so that a
 * side that merely lags is not robbed; that only one side ever has the message is the ledger's compare-and-set. Unknown
 * is never taken for past.
 */
export function decideAdoption(input: AdoptionInput): AdoptionDecision {
  const { policy, owner, reason, ownerPast, delivered, marginMs, now } = input;
  const adopter = otherSide(owner);
  const delivery = delivered.find(({ side }) => side === adopter);
  if (delivery === undefined) return { waits: `${adopter} has not delivered it` };
  if (delivered.some(({ side }) => side === owner)) return { waits: `${owner} has delivered it and will claim it` };
  if (policy === undefined) return { waits: 'the policy cannot be read' };
  const provedAt = ownerIsPastAt(delivery, marginMs);
  const proved = isOwnerPast(ownerPast, delivery, marginMs);
  const notPast = (waits: string): AdoptionDecision => {
    if (ownerPast === undefined) return { waits };
    const lagMs = Math.max(0, now - ownerPast);
    return { waits, lookAgainMs: Math.max(0, provedAt + lagMs - now) };
  };
  if (adopter === 'rocketmq') {
    // kafka has seen it, and will deliver it again.
    if (reason === BEFORE_START) return { waits: `${BEFORE_START}: rocketmq never adopts` };
    if (isBeforeStart(policy.start, delivery.storedAt)) {
      return proved ? { ends: BEFORE_START } : notPast(`${BEFORE_START}, and it is not known that kafka is past it`);
    }
  }
  if (policy.consumption === 'off') {
    return adopter === 'kafka' ? { adopter, reason: 'switch off' } : { waits: 'switch off: rocketmq never adopts' };
  }
  if (policy.failover === adopter) return { adopter, reason: `failover to ${adopter}` };
  if (ownerPast === undefined) return { waits: `it is not known how far ${owner} is` };
  return proved ? { adopter, reason: `${owner} is past it` } : notPast(`${owner} is not past it`);
}
