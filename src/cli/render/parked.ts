import { describeDuration, inOneLine } from '../../domain/text.js';
import type { UnreadableRecord } from '../../ledger/ledger.js';
import type { ParkedView, StrandedView } from '../../operations/parked/list-parked.js';
import { renderTable } from '../output.js';
import { describeLookup, describeWaysOut } from './message.js';

export function describeParked(parked: readonly ParkedView[], now: number): readonly string[] {
  const [first] = parked;
  if (first === undefined) return ['Nothing is parked.'];
  const rows = parked.map((view) => [
    view.messageId,
    view.owner,
    `${view.round}`,
    `${view.attempt}`,
    view.ageMs === null ? 'unknown' : describeDuration(view.ageMs),
    view.phase ?? 'unknown',
    view.status === null ? '-' : `${view.status}`,
    view.bytes === null ? '-' : `${view.bytes}`,
    view.latencyMs === null ? '-' : `${view.latencyMs} ms`,
    describeResend(view.resendAfter, now),
    view.stranded === null ? whatHappened(view) : `stranded: ${view.stranded}`,
    view.workflow ?? '',
  ]);
  return [
    ...renderTable(
      [
        'MESSAGE',
        'OWNER',
        'ROUND',
        'ATTEMPT',
        'AGE',
        'PHASE',
        'STATUS',
        'BYTES',
        'LATENCY',
        'RESEND',
        'WHAT HAPPENED',
        'WORKFLOW',
      ],
      rows,
    ),
    '',
    `${parked.length} parked. RESEND: from when on 'resend' is accepted.`,
    ...describeWaysOut(first.messageId, first.round),
    "Many at once: 'handover resolve --all', or from the provider's settlement file: 'handover resolve --from'.",
  ];
}

function whatHappened({ detail, lookup }: ParkedView): string {
  return `${detail ?? 'unknown'}${lookup === undefined ? '' : ` Lookup: ${describeLookup(lookup)}`}`;
}

/** What nobody works on, each with why and what to do. */
export function describeStranded(stranded: readonly StrandedView[]): readonly string[] {
  if (stranded.length === 0) return [];
  const rows = stranded.map(({ messageId, owner, state, why }) => [messageId, owner, state, why]);
  return [
    '',
    ...renderTable(['MESSAGE', 'OWNER', 'STATE', 'WHY NOBODY WORKS ON IT'], rows),
    '',
    `${stranded.length} stranded. What is lost is to be published again; all others: 'handover resume'.`,
  ];
}

export function describeUnreadable({ messageId, why }: Pick<UnreadableRecord, 'messageId' | 'why'>): string {
  return inOneLine(`${messageId}: its record cannot be read, so it may be parked and is not listed (${why})`);
}

function describeResend(resendAfter: string | null, now: number): string {
  if (resendAfter === null) return 'unknown';
  const waitMs = Date.parse(resendAfter) - now;
  return waitMs <= 0 ? 'now' : `in ${describeDuration(waitMs + 999)}`;
}
