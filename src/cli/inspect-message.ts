import { HandoverError } from '../domain/errors.js';
import type { LedgerRecord } from '../domain/ledger-state.js';
import type { Evidence, SettledOutcome } from '../domain/outcome.js';
import type { Ledger } from '../ledger/ledger.js';
import { inOneLine, instant } from './table.js';

/** What `inspect --json` promises; null is unknown. */
export interface MessageView {
  readonly messageId: string;
  readonly state: LedgerRecord['state'];
  readonly owner: LedgerRecord['owner'];
  readonly reason: string;
  readonly policyVersion: number;
  readonly run: string | null;
  readonly round: number;
  readonly attempt: number;
  readonly outcome: SettledOutcome | null;
  readonly seen: LedgerRecord['seen'];
  readonly createdAt: string | null;
  readonly movedAt: string | null;
  readonly evidence: Evidence | null;
  /** Why nobody works on it although it is not settled. */
  readonly stranded: string | null;
}

/**
 * What the ledger knows of a message.
 * @throws HandoverError `message-unknown`
 */
export async function readRecord(ledger: Pick<Ledger, 'read'>, messageId: string): Promise<LedgerRecord> {
  const record = await ledger.read(messageId);
  if (record !== undefined) return record;
  throw new HandoverError('message-unknown', `The ledger has no record of message ${inOneLine(messageId)}.`, {
    messageId,
    hint: "No side has routed it. If it was published, look at 'handover dead-letters', and whether the workers are up.",
  });
}

export function viewRecord(record: LedgerRecord): MessageView {
  const { messageId, state, owner, reason, policyVersion, run, round, attempt, outcome, seen } = record;
  return {
    ...{ messageId, state, owner, reason, policyVersion, run: run ?? null, round, attempt, outcome: outcome ?? null },
    seen,
    createdAt: record.createdAt === undefined ? null : instant(record.createdAt),
    movedAt: record.movedAt === undefined ? null : instant(record.movedAt),
    evidence: record.evidence ?? null,
    stranded: record.stranded ?? null,
  };
}

export function describeRecord(view: MessageView, workflowUrl: string | undefined): readonly string[] {
  const { messageId, state, owner, reason, policyVersion, round, attempt, outcome, seen, evidence } = view;
  const sides = (['kafka', 'rocketmq'] as const).filter((side) => seen[side]);
  return [
    `message   ${messageId}`,
    `state     ${state}${outcome === null ? '' : `: ${outcome}`}${view.movedAt === null ? '' : `, since ${view.movedAt}`}`,
    `owner     ${owner}, as ${reason} (policy version ${policyVersion})`,
    `seen by   ${sides.length === 0 ? 'no side' : sides.join(' and ')}`,
    ...(round === 0 ? [] : [`attempt   ${attempt} of round ${round}`]),
    ...(evidence === null ? [] : [`evidence  ${inOneLine(evidence.detail)}`]),
    ...(view.stranded === null ? [] : [`stranded  ${inOneLine(view.stranded)}`]),
    ...(state === 'assigned' ? [] : [`workflow  ${workflowUrl ?? `${messageId}, run ${view.run ?? 'unknown'}`}`]),
    ...(state === 'parked' ? ['', ...describeWaysOut(messageId, round)] : []),
  ];
}

/** What a person can do about a parked message. */
export function describeWaysOut(messageId: string, round: number): readonly string[] {
  return [
    'Find out at the provider whether the reward was given, then one of:',
    ...(['granted', 'resend', 'abandon'] as const).map(
      (resolution) => `  handover resolve ${messageId} ${resolution} --round ${round} --reason "..."`,
    ),
  ];
}
