import type { MadeWhen, NotRestored, Recovery, Restored } from '../domain/ledger/ledger-health.js';
import type { Audit } from '../ledger/redis/stores/audit.js';
import type { LedgerMarks } from '../ledger/redis/stores/marks.js';

export interface RecoveryRequest {
  /** Drawn for this recovery. */
  readonly epoch: string;
  readonly why: string;
  /** What was written before it (Redis time, ms) is still there; null: nothing may be. */
  readonly since: number | null;
  /** How far back the ledger reached before this loss, see `LedgerState`. */
  readonly remembersSince: number;
  /** The workflow knows of no epoch. If the marks know of none either, there never was one, and nothing can have been lost. */
  readonly first: boolean;
}

export interface RecoveryResult {
  readonly recovery: Recovery;
  readonly remembersSince: number;
}

/** What is known once the open workflows have been entered anew. */
export interface OpenResult {
  /** As asked for, or earlier if the marks show that more is missing. */
  readonly since: number | null;
  /** When the recovery began (Redis time, ms). */
  readonly openedAt: number;
  readonly rebuilt: Rebuilt;
}

export type ClosedRequest = Omit<RecoveryRequest, 'first'> & OpenResult;

export interface LookAgainRequest {
  /** Only of workflows that closed since then (ms since the epoch), beside all that are open; null: all. */
  readonly since: number | null;
  /** Before then. Default: no end. */
  readonly until?: number;
  /** Also ask open workflows whose record looks right. */
  readonly thorough: boolean;
}

/** Which workflows are looked into: what is open, or what closed in a span of time (ms since the epoch; null: no bound). */
export type RebuildRequest =
  | { readonly of: 'open'; readonly thorough: boolean }
  | { readonly of: 'closed'; readonly from: number | null; readonly to: number | null };

export interface Rebuilt {
  readonly restored: Restored;
  readonly failed: NotRestored;
}

/** Enters records anew from what Temporal knows. Safe to repeat; what the ledger has is left as it is. */
export interface Rebuild {
  /**
   * A message that cannot be looked into is told in `failed`, and the rest goes on; it rejects only where a service is to
   * blame. `onLooked` is told of each workflow.
   */
  enter(request: RebuildRequest, signal: AbortSignal, onLooked: () => void): Promise<Rebuilt>;
  /**
   * Removes the records that were made then, that nobody has claimed and that no workflow has: Temporal may have forgotten
   * theirs. Answers how many; a delivery of one is routed anew, or is too old.
   */
  forgetUnstarted(made: MadeWhen, signal: AbortSignal, onLooked: () => void): Promise<number>;
  /** How many workflows there are; undefined if Temporal does not count them. */
  count(request: RebuildRequest): Promise<number | undefined>;
}

export interface RecoveryDependencies {
  readonly marks: Pick<LedgerMarks, 'open' | 'letGoOn' | 'progress' | 'close'>;
  readonly rebuild: Rebuild;
  readonly audit: Pick<Audit, 'recovered'>;
  /** Redis time, ms since the epoch. */
  readonly now: () => Promise<number>;
  /** For how long Temporal keeps a closed workflow, in ms. */
  readonly retention: () => Promise<number>;
}

export interface RecoveryActivities {
  /** Has every process hold, rebuilds what the ledger has lost, and lets them go on. */
  recoverLedger(request: RecoveryRequest): Promise<RecoveryResult>;
  /** Has every process hold, enters the open workflows, and lets them go on with those. */
  recoverOpen(request: Omit<RecoveryRequest, 'first'>): Promise<OpenResult>;
  /** Enters what has closed while all goes on, the oldest first, and then has the ledger taken for whole. */
  recoverClosed(request: ClosedRequest): Promise<RecoveryResult>;
  /** The same look once more while all goes on, for what Temporal's visibility showed late. */
  lookAgain(request: LookAgainRequest): Promise<Restored>;
}
