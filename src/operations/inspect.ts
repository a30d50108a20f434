import { HandoverError } from '../domain/errors.js';
import type { LedgerRecord } from '../domain/ledger/record.js';
import type { LookupEvidence, SettledOutcome } from '../domain/reward/outcome.js';
import { inOneLine } from '../domain/text.js';
import type { Ledger } from '../ledger/ledger.js';

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
