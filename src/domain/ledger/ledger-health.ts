/**
 * `recovering`: nothing may rely on the ledger. `partial`: what is open is known again, and what has closed is still being
 * entered, so that no record proves nothing. A build that knows no `partial` holds while a mark shows it.
 */
export type LedgerPhase = 'intact' | 'recovering' | 'partial';

/** What one of the ledger's marks shows. A mark lies beside the records, and is lost with them. */
export interface Mark {
  /** Drawn anew by each recovery. Not there: nobody has made it, or the ledger has lost everything. */
  readonly epoch?: string;
  readonly phase?: LedgerPhase;
  /** Whether the server process that answers is the one that took the latest pulse. */
  readonly sameServer: boolean;
  /** This process's own last pulse as the mark holds it (Redis time, ms). */
  readonly pulse?: number;
  /** The latest pulse of any process (Redis time, ms). */
  readonly latest?: number;
}

/** What a process has seen for certain of a mark: its epoch, which the cutover workflow has confirmed, and its own pulse. */
export interface Trust {
  readonly epoch?: string;
  /** The last pulse that was acknowledged (Redis time, ms). */
  readonly pulse?: number;
}

/** By which a loss of records shows: neither is ever the same again once something was lost between two looks. */
export interface LedgerWitness {
  readonly epoch: string;
  /** Run ID of the Redis server process. */
  readonly server: string;
}

export type MarkVerdict =
  | { readonly verdict: 'intact' }
  /** A recovery is under way. */
  | { readonly verdict: 'recovering' }
  /** It is as this process left it, and the recovery of what has closed is under way. */
  | { readonly verdict: 'partial' }
  /** It shows an epoch that this process does not know: the cutover workflow can tell whether that is the present one. */
  | { readonly verdict: 'unproved'; readonly epoch: string; readonly since?: number }
  /** `since`: what was written before it (Redis time, ms) is still there; without it, nothing may be. */
  | { readonly verdict: 'lost'; readonly why: string; readonly since?: number };

/**
 * What a mark says of the records beside it. A server keeps or loses its writes in their order, so a pulse that is still
 * there vouches for whatever was written before it, and for nothing later.
 */
export function judgeMark(trust: Trust, mark: Mark): MarkVerdict {
  const { epoch, phase, sameServer, pulse, latest } = mark;
  if (epoch === undefined) return { verdict: 'lost', why: 'the ledger shows no epoch: all of it is lost' };
  if (phase === 'recovering') return { verdict: 'recovering' };
  if (epoch !== trust.epoch) return { verdict: 'unproved', epoch, ...known(latest) };
  if (trust.pulse !== undefined && (pulse === undefined || pulse < trust.pulse)) {
    return { verdict: 'lost', why: 'the ledger went back to an older state', ...known(pulse ?? latest) };
  }
  // Asynchronous replication and a file that is written once a second both lose what came after the last pulse.
  if (!sameServer) return { verdict: 'lost', why: 'another Redis server answers', ...known(trust.pulse ?? latest) };
  return { verdict: phase === 'partial' ? 'partial' : 'intact' };
}

/** The verdict on the whole ledger by those on its marks: a loss counts before anything else, and from its earliest moment. */
export function judgeLedger(verdicts: readonly MarkVerdict[]): MarkVerdict {
  const lost = verdicts.filter((one) => one.verdict === 'lost');
  const [first] = lost;
  if (first !== undefined) {
    const all = lost.find(({ since }) => since === undefined);
    if (all !== undefined) return all;
    return { ...first, since: Math.min(...lost.map(({ since = 0 }) => since)) };
  }
  return (
    verdicts.find(({ verdict }) => verdict === 'recovering') ??
    verdicts.find(({ verdict }) => verdict === 'unproved') ??
    verdicts.find(({ verdict }) => verdict === 'partial') ?? { verdict: 'intact' }
  );
}

/** How far a recovery has come with what has closed. */
export interface RecoveryProgress {
  /** Workflows that were looked into, and how many there were at its beginning; null: not known. */
  readonly done: number;
  readonly total: number | null;
  /** All that closed before then is entered (ms since the epoch); null: none yet. */
  readonly reached: number | null;
}

/** What one recovery was about and what it did. */
export interface Recovery {
  readonly why: string;
  /** What was written before it (Redis time, ms) had not been lost; null: nothing is known to have been kept. */
  readonly since: number | null;
  readonly startedAt: number;
  readonly endedAt: number;
  /** Records that were entered anew, by the state in which they were. */
  readonly restored: Restored;
  /** Messages that could not be; not there where all could, and in recoveries of before this was told. */
  readonly failed?: NotRestored;
}

/** Messages whose records could not be entered anew, each for a fault of its own: they are looked at again later. */
export interface NotRestored {
  readonly count: number;
  /** The first of them, {@link FAILURES_NAMED} at most. */
  readonly first: readonly { readonly messageId: string; readonly why: string }[];
}

/** How many messages a recovery names that it could not restore; the log names all of them. */
export const FAILURES_NAMED = 20;

export interface Restored {
  readonly assigned: number;
  readonly claimed: number;
  readonly parked: number;
  readonly settled: number;
  readonly stranded: number;
}

export const NOTHING_RESTORED: Restored = { assigned: 0, claimed: 0, parked: 0, settled: 0, stranded: 0 };

/** What the cutover workflow knows of the ledger. */
export interface LedgerHealth {
  readonly epoch: string;
  readonly phase: LedgerPhase;
  /** Of the recovery that is not complete: from when on what has closed is to be entered anew (null: all of it). */
  readonly unfinished?: { readonly since: number | null };
  /**
   * The ledger's memory does not reach back further (ms since the epoch): a loss has taken records that Temporal had
   * forgotten already. 0: it does, as far as it is meant to.
   */
  readonly remembersSince: number;
}

/** A process's word that the ledger has lost records. */
export interface LossReport {
  /** The epoch that was lost; not there if there never was one. */
  readonly epoch?: string;
  readonly since?: number;
  readonly why: string;
}

/** Whether a report tells of a loss that no recovery has dealt with: every process that notices one sends its own. */
export function isNews(ledger: LedgerHealth | undefined, report: LossReport): boolean {
  if (ledger === undefined) return true;
  return ledger.phase !== 'recovering' && report.epoch === ledger.epoch;
}

/** From when on records may be missing, after a loss on top of a recovery that was not complete (null: all may). */
export function missingSince(since: number | null, unfinished: LedgerHealth['unfinished']): number | null {
  if (unfinished === undefined) return since;
  return since === null || unfinished.since === null ? null : Math.min(since, unfinished.since);
}

const HOUR_MS = 60 * 60 * 1_000;

/**
 * How long ago a message may have been stored for Temporal to bear witness of it whatever became of it, in ms: it keeps a
 * workflow for `retentionMs` after it has closed, and that was later. The margin is for the brokers' clocks.
 */
export function witnessedFor(retentionMs: number): number {
  return retentionMs - Math.min(HOUR_MS, retentionMs / 4);
}

/** Of Temporal's retention, the part that is left to a recovery to reach a workflow before it is forgotten. */
const LEFT_TO_A_RECOVERY = 1 / 4;

/**
 * How long ago a broker may have stored a message for which a ledger that is still partial has no record, for a workflow of
 * its ID to be refused by Temporal if there ever was one, in ms. It leaves a quarter of the retention to the recovery: what is
 * routed by this, and not started as its process died, is found closed and is settled before Temporal forgets it.
 */
export function surelyWitnessedFor(retentionMs: number): number {
  return retentionMs * (1 - LEFT_TO_A_RECOVERY);
}

/** Whether a recovery took so long that Temporal may have forgotten what was routed while it lasted. */
function outlasted(openedAt: number, endedAt: number, retentionMs: number): boolean {
  return endedAt - openedAt > retentionMs * LEFT_TO_A_RECOVERY;
}

/** By when they were made, of the records that nobody has claimed: from then on, or before then (Redis time, ms). */
export interface MadeWhen {
  readonly from?: number;
  readonly before?: number;
}

/**
 * Which of the records that nobody has claimed, and that have no workflow, prove nothing once a recovery has ended; undefined:
 * none. What was routed while it lasted, if that was long. And of a ledger that was set back, what is older than the horizon:
 * its message may have been rewarded since, and Temporal have forgotten that, as a delivery of it would pass for a first sight.
 */
export function provingNothing(recovery: {
  readonly since: number | null;
  readonly openedAt: number;
  readonly endedAt: number;
  readonly retentionMs: number;
  readonly remembersSince: number;
}): MadeWhen | undefined {
  const { since, openedAt, endedAt, retentionMs, remembersSince } = recovery;
  const lasted = outlasted(openedAt, endedAt, retentionMs);
  const wasSetBack = since !== null && remembersSince > 0;
  if (!lasted && !wasSetBack) return undefined;
  return { ...(lasted && { from: openedAt }), ...(wasSetBack && { before: remembersSince }) };
}

/** Whether a record was made then. */
export function isMade(createdAt: number, { from, before }: MadeWhen): boolean {
  return (from !== undefined && createdAt >= from) || (before !== undefined && createdAt < before);
}

/**
 * From when on (ms since the epoch) no message can have been forgotten by the ledger and by Temporal, after a loss of
 * what was written since `since` (null: of everything). Reckoned from the end of the recovery: while that lasted, Temporal
 * forgot what it had not entered yet.
 */
export function rememberedFrom(since: number | null, endedAt: number, retentionMs: number): number {
  const horizon = endedAt - witnessedFor(retentionMs);
  return since === null || since < horizon ? horizon : 0;
}

function known(since: number | undefined): { readonly since?: number } {
  return since === undefined ? {} : { since };
}
