import type { LedgerRecord } from '../../domain/ledger/record.js';
import type { LookupEvidence, Phase } from '../../domain/reward/outcome.js';
import { resendAfterOf } from '../../domain/reward/settlement.js';
import { instant } from '../../domain/text.js';
import type { Ledger, UnreadableRecord } from '../../ledger/ledger.js';

/** A parked message as `parked --json` promises it, and more; null is unknown. */
export interface ParkedView {
  readonly messageId: string;
  readonly owner: LedgerRecord['owner'];
  readonly round: number;
  /** Since when it is parked, as an ISO 8601 instant, and for how long, in ms. */
  readonly since: string | null;
  readonly ageMs: number | null;
  readonly attempt: number;
  /** How far the last attempt got. */
  readonly phase: Phase | null;
  /** The HTTP status of the last answer, and the bytes of its body that came. */
  readonly status: number | null;
  readonly bytes: number | null;
  /** How long the last attempt took, in ms. */
  readonly latencyMs: number | null;
  /** What happened, in words. */
  readonly detail: string | null;
  /** What the provider's lookup said last; left out if it was not asked. */
  readonly lookup?: LookupEvidence;
  /** From when on `resend` is accepted without force, as an ISO 8601 instant; one that is past: now. */
  readonly resendAfter: string | null;
  /** Why no workflow has it any more, so that it has to be resumed first; null if nothing is known to be wrong. */
  readonly stranded: string | null;
  /** Its workflow in Temporal Web UI. */
  readonly workflow: string | null;
}

/** A message that nobody works on, and that is neither settled nor parked. */
export interface StrandedView {
  readonly messageId: string;
  readonly owner: LedgerRecord['owner'];
  readonly state: LedgerRecord['state'];
  readonly why: string;
}

export function viewStranded({ messageId, owner, state, stranded = '' }: LedgerRecord): StrandedView {
  return { messageId, owner, state, why: stranded };
}

export interface ParkedViewOptions {
  /** Redis time, in ms since the epoch. */
  readonly now: number;
  readonly settlesWithinMs: number;
  readonly workflowUrl: (messageId: string) => string | undefined;
}

/**
 * The records of all messages that wait for a person or a lookup, those that have waited longest first. A record that
 * cannot be read may be one of them: `onUnreadable` is told, and the rest is listed. `onStranded` is told of those that nobody
 * works on although they are neither settled nor parked.
 */
export async function listParked(
  ledger: Pick<Ledger, 'unsettled'>,
  onUnreadable: (record: UnreadableRecord) => void = () => undefined,
  onStranded: (record: LedgerRecord) => void = () => undefined,
): Promise<readonly LedgerRecord[]> {
  const parked: LedgerRecord[] = [];
  for await (const record of ledger.unsettled()) {
    if (record.state === 'unreadable') onUnreadable(record);
    if (record.state === 'parked') parked.push(record);
    else if (record.state !== 'none' && record.state !== 'unreadable' && record.stranded !== undefined)
      onStranded(record);
  }
  return parked.sort((a, b) => (a.movedAt ?? 0) - (b.movedAt ?? 0));
}

export function viewParked(record: LedgerRecord, options: ParkedViewOptions): ParkedView {
  const { messageId, owner, round, movedAt, attempt, evidence, stranded = null } = record;
  const resendAfter = resendAfterOf(record, options.settlesWithinMs);
  return {
    messageId,
    owner,
    round,
    since: movedAt === undefined ? null : instant(movedAt),
    ageMs: movedAt === undefined ? null : Math.max(0, options.now - movedAt),
    attempt,
    phase: evidence?.phase ?? null,
    status: evidence?.status ?? null,
    bytes: evidence?.bytes ?? null,
    latencyMs: evidence?.latencyMs ?? null,
    detail: evidence?.detail ?? null,
    ...(evidence?.lookup !== undefined && { lookup: evidence.lookup }),
    resendAfter: resendAfter === undefined ? null : instant(Math.max(resendAfter, movedAt ?? 0)),
    stranded,
    workflow: options.workflowUrl(messageId) ?? null,
  };
}
