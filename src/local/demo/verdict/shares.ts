import type { LedgerRecord } from '../../../domain/ledger/record.js';
import { bucketOf } from '../../../domain/message/bucket.js';
import { decide, type Policy } from '../../../domain/policy/policy.js';
import { otherSide, type Side } from '../../../domain/side.js';

/** One phase of a run as it came out. */
export interface PhaseShare {
  readonly percentage: number;
  /** Messages whose owner was decided by this phase's policy. */
  readonly messages: number;
  /** The part of them, 0..1, that was decided for `rocketmq`; an adopted message counts for the side that was decided. */
  readonly share: number;
}

/** The policy by which each percentage of a run was in force. */
export interface PhasePolicy {
  readonly percentage: number;
  readonly version: number;
}

/** The beginning of the reason of a record whose owner took it over from the one that was decided. */
const ADOPTED = 'adopted: ';

export function isAdopted({ reason }: Pick<LedgerRecord, 'reason'>): boolean {
  return reason.startsWith(ADOPTED);
}

/** The side to which the policy gave a message at first sight, whoever adopted it later. */
export function decidedSide(record: Pick<LedgerRecord, 'owner' | 'reason'>): Side {
  return isAdopted(record) ? otherSide(record.owner) : record.owner;
}

/** Counts by the version of the policy that each record names, whenever the message was published. */
export function sharesOf(records: Iterable<LedgerRecord>, phases: readonly PhasePolicy[]): readonly PhaseShare[] {
  const all = [...records];
  return phases.map(({ percentage, version }) => {
    const decided = all.filter(({ policyVersion }) => policyVersion === version);
    const cutOver = decided.filter((record) => decidedSide(record) === 'rocketmq').length;
    return { percentage, messages: decided.length, share: decided.length === 0 ? 0 : cutOver / decided.length };
  });
}

/** How far a share may be from its percentage: 0.02, and four standard errors of so many draws. */
export function tolerance({ percentage, messages }: Pick<PhaseShare, 'percentage' | 'messages'>): number {
  const expected = percentage / 100;
  return 0.02 + 4 * Math.sqrt((expected * (1 - expected)) / Math.max(messages, 1));
}

export function isWithinTolerance(phase: PhaseShare): boolean {
  return phase.messages === 0 || Math.abs(phase.share - phase.percentage / 100) <= tolerance(phase);
}

export interface OwnerQuestion {
  readonly migration: string;
  readonly cutoverKey: 'messageId' | 'businessId';
  readonly record: LedgerRecord;
  readonly businessId: string;
  /** The policy of the version that the record names. */
  readonly policy: Policy;
}

/** Whether the policy that was in force at first sight gives the message to the side that the record says. */
export function isOwnerRight({ migration, cutoverKey, record, businessId, policy }: OwnerQuestion): boolean {
  const key = cutoverKey === 'messageId' ? record.messageId : businessId;
  return decide(policy, { businessId, bucket: bucketOf(migration, key) }).owner === decidedSide(record);
}
