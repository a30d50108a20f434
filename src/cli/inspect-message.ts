import { HandoverError } from '../domain/errors.js';
import type { LedgerRecord } from '../domain/ledger-state.js';
import { isLostNote } from '../domain/lost-delivery.js';
import type { LookupEvidence, SettledOutcome } from '../domain/outcome.js';
import { SIDES } from '../domain/side.js';
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
  /** Where each side's copy lies, while the message is unsettled and as far as it is known. */
  readonly copies: NonNullable<LedgerRecord['copies']> | null;
  readonly stranded: string | null;
  /** What the provider's lookup said last, while it is parked; left out if it was not asked. */
  readonly lookup?: LookupEvidence;
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
  const { messageId, state, owner, reason, policyVersion, run = null, round, attempt, outcome = null, seen } = record;
  const lookup = record.evidence?.lookup;
  const { copies = null, stranded = null } = record;
  const view = { messageId, state, owner, reason, policyVersion, run, round, attempt, outcome, seen, copies, stranded };
  return { ...view, ...(lookup !== undefined && { lookup }) };
}

export function describeRecord(record: LedgerRecord, workflowUrl: string | undefined): readonly string[] {
  const { messageId, state, owner, reason, policyVersion, round, attempt, outcome, seen, movedAt } = record;
  const { evidence, stranded, run = 'unknown', copies } = record;
  const sides = SIDES.filter((side) => seen[side]);
  return [
    `message   ${messageId}`,
    `state     ${state}${outcome === undefined ? '' : `: ${outcome}`}${movedAt === undefined ? '' : `, since ${instant(movedAt)}`}`,
    `owner     ${owner}, as ${reason} (policy version ${policyVersion})`,
    `seen by   ${sides.length === 0 ? 'no side' : sides.join(' and ')}`,
    ...SIDES.flatMap((side) => (copies?.[side] === undefined ? [] : [`copy      ${copies[side]}`])),
    ...(round === 0 ? [] : [`attempt   ${attempt} of round ${round}`]),
    ...(evidence === undefined ? [] : [`evidence  ${inOneLine(evidence.detail)}`]),
    ...(evidence?.lookup === undefined ? [] : [`lookup    ${describeLookup(evidence.lookup)}`]),
    ...(stranded === undefined ? [] : [`stranded  ${inOneLine(stranded)}`]),
    ...(state === 'assigned' ? [] : [`workflow  ${workflowUrl ?? `${messageId}, first run ${run}`}`]),
    ...(stranded === undefined || isLostNote(stranded)
      ? []
      : ['', `Nothing works on it. Go on with it: handover resume ${messageId} --reason "..."`]),
    ...(state === 'parked' && stranded === undefined ? ['', ...describeWaysOut(messageId, round)] : []),
  ];
}

/** What a lookup said, in one line. */
export function describeLookup({ result, detail, askedAt }: LookupEvidence): string {
  return inOneLine(`${result}${askedAt === undefined ? '' : `, asked ${instant(askedAt)}`}: ${detail}`);
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
