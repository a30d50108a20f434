/** What one of the ledger's marks shows. A mark lies beside the records, and is lost with them. */
export interface Mark {
  /** Drawn anew by each recovery. Not there: nobody has made it, or the ledger has lost everything. */
  readonly epoch?: string;
  readonly phase?: 'intact' | 'recovering';
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
  return { verdict: 'intact' };
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
    verdicts.find(({ verdict }) => verdict === 'unproved') ?? { verdict: 'intact' }
  );
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
export interface LedgerState {
  readonly epoch: string;
  readonly phase: 'intact' | 'recovering';
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
export function isNews(ledger: LedgerState | undefined, report: LossReport): boolean {
  if (ledger === undefined) return true;
  return ledger.phase === 'intact' && report.epoch === ledger.epoch;
}

const HOUR_MS = 60 * 60 * 1_000;

/**
 * How long ago a message may have been stored for Temporal to bear witness of it whatever became of it, in ms: it keeps a
 * workflow for `retentionMs` after it has closed, and that was later. The margin is for the brokers' clocks, and for as
 * long as a recovery may last.
 */
export function witnessedFor(retentionMs: number): number {
  return retentionMs - Math.min(HOUR_MS, retentionMs / 4);
}

/**
 * From when on (ms since the epoch) no message can have been forgotten by the ledger and by Temporal, after a loss of
 * what was written since `since` (null: of everything).
 */
export function rememberedFrom(since: number | null, startedAt: number, retentionMs: number): number {
  const horizon = startedAt - witnessedFor(retentionMs);
  return since === null || since < horizon ? horizon : 0;
}

function known(since: number | undefined): { readonly since?: number } {
  return since === undefined ? {} : { since };
}
