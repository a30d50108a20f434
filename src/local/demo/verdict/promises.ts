import type { LedgerRecord } from '../../../domain/ledger/record.js';
import type { Policy } from '../../../domain/policy/policy.js';
import type { Side } from '../../../domain/side.js';
import type { Plan } from '../plan.js';
import type { Findings } from './checker.js';
import { isOwnerRight, isWithinTolerance, type PhaseShare, tolerance } from './shares.js';

export interface Outcome {
  readonly migration: string;
  readonly cutoverKey: 'messageId' | 'businessId';
  readonly plan: Plan;
  readonly findings: Findings;
  /** What the ledger in Redis holds of each message. */
  readonly records: ReadonlyMap<string, LedgerRecord>;
  readonly phases: readonly PhaseShare[];
  /** The policy as it was at a version; undefined where nobody knows any more. */
  readonly policyAt: (version: number) => Policy | undefined;
  /** Tags of the poison that was found on each side's dead-letter topic. */
  readonly deadLetters: Readonly<Record<Side, ReadonlySet<string>>>;
}

/** Message IDs that one sentence names. */
const NAMED = 5;

/** The promises that a run broke, a sentence for each; empty if all were kept. */
export function findBrokenPromises(outcome: Outcome): readonly string[] {
  const { findings, phases } = outcome;
  return [
    ...tell(findings.rewardedTwice, 'rewarded more than once'),
    ...tell(findings.repeatedBlindly, 'asked for again although the outcome of the attempt before was not known'),
    ...tell(findings.lost, 'neither granted, refused nor parked'),
    ...tell(findings.wronglyRefused, 'shown as refused, which the provider did not say'),
    ...(findings.poisonAsked > 0 ? [`a reward was asked ${findings.poisonAsked} times for a poison message`] : []),
    ...tell(missingPoison(outcome), 'poison, and not on the dead-letter topic of each side that it was published to'),
    ...tell(wrongOwners(outcome), 'owned by a side to which the policy of its first sight does not give it'),
    ...phases.filter((phase) => !isWithinTolerance(phase)).map(describeShare),
  ];
}

function missingPoison({ plan, deadLetters }: Outcome): readonly string[] {
  return plan.poison
    .filter(({ tag, sides }) => !sides.every((side) => deadLetters[side].has(tag)))
    .map(({ tag, fault, sides }) => `${tag} (${fault}, to ${sides.join(' and ')})`);
}

function wrongOwners({ migration, cutoverKey, plan, records, policyAt }: Outcome): readonly string[] {
  return plan.messages.flatMap(({ messageId, businessId }) => {
    const record = records.get(messageId);
    // Without a record it is lost, and told as such.
    if (record === undefined) return [];
    const policy = policyAt(record.policyVersion);
    if (policy === undefined) return [`${messageId} (by version ${record.policyVersion}, which nobody knows)`];
    const right = isOwnerRight({ migration, cutoverKey, record, businessId, policy });
    return right ? [] : [`${messageId} (${record.owner}: ${record.reason})`];
  });
}

function tell(messageIds: readonly string[], what: string): readonly string[] {
  if (messageIds.length === 0) return [];
  const more = messageIds.length > NAMED ? ` and ${messageIds.length - NAMED} more` : '';
  return [`${messageIds.length} ${what}: ${messageIds.slice(0, NAMED).join(', ')}${more}`];
}

function describeShare(phase: PhaseShare): string {
  const { percentage, messages, share } = phase;
  const bound = tolerance(phase).toFixed(3);
  return `at ${percentage} % the share of rocketmq was ${share.toFixed(3)} of ${messages}, beyond ± ${bound}`;
}
