import type { LedgerRecord } from '../domain/ledger-state.js';
import type { Ledger } from '../ledger/ledger.js';
import { describeWaysOut } from './inspect-message.js';
import { instant, renderTable } from './table.js';

/** A parked message as `parked --json` promises it; null is unknown. */
export interface ParkedView {
  readonly messageId: string;
  readonly owner: LedgerRecord['owner'];
  readonly round: number;
  /** Since when it is parked, as an ISO 8601 instant. */
  readonly since: string | null;
  readonly attempt: number;
  /** How far the last attempt got. */
  readonly phase: NonNullable<LedgerRecord['evidence']>['phase'] | null;
  /** The HTTP status of the last answer. */
  readonly status: number | null;
}

/** The records of all messages that wait for a person or a lookup, those that have waited longest first. */
export async function listParked(ledger: Pick<Ledger, 'unsettled'>): Promise<readonly LedgerRecord[]> {
  const parked: LedgerRecord[] = [];
  for await (const record of ledger.unsettled()) {
    if (record.state === 'parked') parked.push(record);
  }
  return parked.sort((a, b) => (a.movedAt ?? 0) - (b.movedAt ?? 0));
}

export function describeParked(
  parked: readonly LedgerRecord[],
  workflowUrl: (messageId: string) => string | undefined,
): readonly string[] {
  const [first] = parked;
  if (first === undefined) return ['Nothing is parked.'];
  const rows = parked.map(({ messageId, owner, round, movedAt, attempt, evidence }) => [
    messageId,
    owner,
    `${round}`,
    `${attempt}`,
    movedAt === undefined ? 'unknown' : instant(movedAt),
    evidence?.detail ?? 'unknown',
    workflowUrl(messageId) ?? '',
  ]);
  return [
    ...renderTable(['MESSAGE', 'OWNER', 'ROUND', 'ATTEMPT', 'SINCE', 'WHAT HAPPENED', 'WORKFLOW'], rows),
    '',
    ...describeWaysOut(first.messageId, first.round),
  ];
}

export function viewParked({ messageId, owner, round, movedAt, attempt, evidence }: LedgerRecord): ParkedView {
  return {
    messageId,
    owner,
    round,
    since: movedAt === undefined ? null : instant(movedAt),
    attempt,
    phase: evidence?.phase ?? null,
    status: evidence?.status ?? null,
  };
}
