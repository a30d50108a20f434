import type { LedgerRecord } from '../ledger/record.js';
import { isMessageId } from '../message/message.js';

/** A row of the provider's settlement file: what the provider says became of one message's reward. */
export interface SettlementRow {
  /** Where it stands in the file, counting from 1; the header is a line too. */
  readonly line: number;
  /** As they stand in the file; empty where the row is too short. */
  readonly messageId: string;
  readonly status: string;
  /** What is wrong with the row as such; then nothing it says is believed. */
  readonly fault?: string;
}

/** How the provider's words are read. */
export interface SettlementRules {
  /** Status values that mean that the reward was given. */
  readonly grantedWhen: ReadonlySet<string>;
  /** Status values that mean that the provider never executed it. */
  readonly absentWhen: ReadonlySet<string>;
  /** When the provider wrote the file (ms since the epoch): an 'absent' speaks of the time before it. */
  readonly asOf?: number;
  /** How long after an attempt's deadline its request may still take effect, in ms. */
  readonly settlesWithinMs: number;
}

/** Why a row changes nothing. */
export const ROW_FINDINGS = [
  /** The ledger holds the same already. */
  'agrees',
  /** The ledger holds another final outcome: a matter for a person. */
  'contradicts',
  /** The message is still on its way. */
  'not-parked',
  'no-record',
  /** No workflow has it: it is to be resumed first. */
  'stranded',
  /** The provider looked before the last request could no longer take effect, so its 'absent' proves nothing. */
  'too-early',
  'duplicate-row',
  'unknown-status',
  'invalid-id',
  'malformed-row',
] as const;
export type RowFinding = (typeof ROW_FINDINGS)[number];

/** What follows from a row: the answer to give, for the round in which the message is parked, or why there is none. */
export type PlannedRow = Pick<SettlementRow, 'line' | 'messageId' | 'status'> & RowVerdict;

export type RowVerdict =
  | { readonly plan: 'answer'; readonly resolution: 'granted' | 'resend'; readonly round: number }
  | { readonly plan: 'nothing'; readonly finding: RowFinding; readonly reason: string };

/**
 * Says for each row what follows from it, given the records of the messages that the rows name. Whatever leaves a doubt
 * changes nothing: two rows of one message, even equal ones, as they may be two payments.
 */
export function planSettlement(
  rows: readonly SettlementRow[],
  records: ReadonlyMap<string, LedgerRecord>,
  rules: SettlementRules,
): readonly PlannedRow[] {
  const lines = new Map<string, number[]>();
  for (const { messageId, line } of rows) {
    const known = lines.get(messageId);
    if (known === undefined) lines.set(messageId, [line]);
    else known.push(line);
  }
  return rows.map((row) => {
    const { line, messageId, status } = row;
    return { line, messageId, status, ...judge(row, lines.get(messageId) ?? [], records.get(messageId), rules) };
  });
}

function judge(
  { line, messageId, status, fault }: SettlementRow,
  lines: readonly number[],
  record: LedgerRecord | undefined,
  rules: SettlementRules,
): RowVerdict {
  if (fault !== undefined) return nothing('malformed-row', fault);
  if (!isMessageId(messageId)) return nothing('invalid-id', 'this is not a message ID');
  if (lines.length > 1) {
    const other = lines.find((elsewhere) => elsewhere !== line) ?? line;
    return nothing('duplicate-row', `line ${other} names the same message`);
  }
  const granted = rules.grantedWhen.has(status);
  if (!granted && !rules.absentWhen.has(status)) return nothing('unknown-status', 'nobody said what this status means');
  if (record === undefined) return nothing('no-record', 'the ledger has no record of it');
  if (record.state === 'settled') return compare(granted, record);
  if (record.state !== 'parked') return nothing('not-parked', `it is ${record.state}: it goes on by itself`);
  if (record.stranded !== undefined) return nothing('stranded', 'no workflow has it: resume it first');
  const { round } = record;
  return granted ? { plan: 'answer', resolution: 'granted', round } : judgeAbsent(record, rules);
}

function compare(granted: boolean, { outcome }: LedgerRecord): RowVerdict {
  const held = `the ledger holds it as settled: ${outcome}`;
  return nothing(granted === (outcome === 'granted') ? 'agrees' : 'contradicts', held);
}

/** 'Absent' proves something only if it was observed when the last request could no longer take effect. */
function judgeAbsent(record: LedgerRecord, { asOf, settlesWithinMs }: SettlementRules): RowVerdict {
  const resendAfter = resendAfterOf(record, settlesWithinMs);
  if (resendAfter === undefined) {
    return nothing('too-early', 'it is not known until when its last request may take effect: answer it by hand');
  }
  if (asOf === undefined) return nothing('too-early', 'it is not known when the provider looked');
  if (asOf < resendAfter) {
    const until = new Date(resendAfter).toISOString();
    return nothing('too-early', `its last request may have taken effect until ${until}, after the file was made`);
  }
  return { plan: 'answer', resolution: 'resend', round: record.round };
}

function nothing(finding: RowFinding, reason: string): RowVerdict {
  return { plan: 'nothing', finding, reason };
}

/**
 * From when on a parked message's last request can no longer take effect, in ms since the epoch; 0: nothing was
 * executed. Undefined if the record does not tell.
 */
export function resendAfterOf(
  { evidence, deadline }: Pick<LedgerRecord, 'evidence' | 'deadline'>,
  settlesWithinMs: number,
): number | undefined {
  if (evidence?.resendAfter === 0) return 0;
  const bounds = [evidence?.resendAfter, deadline === undefined ? undefined : deadline + settlesWithinMs];
  const known = bounds.filter((bound) => bound !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}
