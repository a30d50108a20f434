import type { LedgerRecord } from '../../domain/ledger/record.js';
import { isMessageId } from '../../domain/message/message.js';
import {
  type PlannedRow,
  planSettlement,
  type RowFinding,
  type SettlementRow,
  type SettlementRules,
} from '../../domain/reward/settlement.js';
import type { Ledger } from '../../ledger/ledger.js';
import { type FailedAnswer, splitResults } from './resolve-many.js';
import { contradictionIn, type Resolved } from './resolve-message.js';

/**
 * What became of a row: it was carried out or would be, it failed, the message turned out to have been settled otherwise a
 * moment before, or why nothing follows from it.
 */
export type RowResult = 'granted' | 'resend' | 'failed' | 'contradicted' | RowFinding;

export interface RowView {
  readonly line: number;
  readonly messageId: string;
  readonly status: string;
  readonly result: RowResult;
  /** Where something follows from the row, the round that it answers. */
  readonly round: number | null;
  readonly reason: string | null;
}

/** What `resolve --from --json` prints. */
export interface SettlementReport {
  readonly dryRun: boolean;
  readonly resolved: readonly Resolved[];
  readonly failed: readonly FailedAnswer[];
  /** Every row, in the order of the file. In a dry run: what would become of it. */
  readonly rows: readonly RowView[];
  /** Parked messages that the file does not name; they stay parked. */
  readonly unmentioned: number;
}

/** Records that are read at once. */
const READ_BATCH = 100;

/** Reads what the ledger has of the messages that the rows name, and says what follows from each row. */
export async function planRows(
  ledger: Pick<Ledger, 'read'>,
  rows: readonly SettlementRow[],
  rules: SettlementRules,
): Promise<readonly PlannedRow[]> {
  const ids = [...new Set(rows.map(({ messageId }) => messageId))].filter(isMessageId);
  const records = new Map<string, LedgerRecord>();
  for (let from = 0; from < ids.length; from += READ_BATCH) {
    const batch = ids.slice(from, from + READ_BATCH);
    for (const record of await Promise.all(batch.map((messageId) => ledger.read(messageId)))) {
      if (record !== undefined) records.set(record.messageId, record);
    }
  }
  return planSettlement(rows, records, rules);
}

/** The report on a plan; `outcomes` are those of its answers, by message, and empty in a dry run. */
export function reportSettlement(
  plan: readonly PlannedRow[],
  outcomes: ReadonlyMap<string, Resolved | FailedAnswer>,
  { dryRun, parked }: { readonly dryRun: boolean; readonly parked: readonly LedgerRecord[] },
): SettlementReport {
  const named = new Set(plan.map(({ messageId }) => messageId));
  return {
    dryRun,
    ...splitResults([...outcomes.values()]),
    rows: plan.map((row) => viewRow(row, outcomes.get(row.messageId))),
    unmentioned: parked.filter(({ messageId }) => !named.has(messageId)).length,
  };
}

function viewRow(row: PlannedRow, outcome: Resolved | FailedAnswer | undefined): RowView {
  const { line, messageId, status } = row;
  const view = { line, messageId, status };
  if (row.plan === 'nothing') return { ...view, result: row.finding, round: null, reason: row.reason };
  const failure = outcome !== undefined && 'code' in outcome ? outcome : undefined;
  if (failure !== undefined) return { ...view, result: 'failed', round: row.round, reason: failure.reason };
  const contradiction = outcome !== undefined && 'resolution' in outcome ? contradictionIn(outcome) : undefined;
  const result = contradiction === undefined ? row.resolution : 'contradicted';
  return { ...view, result, round: row.round, reason: contradiction ?? null };
}
