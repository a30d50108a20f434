import { setTimeout as sleep } from 'node:timers/promises';
import { activityInfo, cancellationSignal, heartbeat, log } from '@temporalio/activity';
import { CLOCKS_DIFFER_MS } from '../domain/close-windows.js';
import {
  type MadeWhen,
  type NotRestored,
  type Recovery,
  type Restored,
  rememberedFrom,
} from '../domain/ledger-loss.js';
import type { Audit } from '../ledger/audit.js';
import type { LedgerMarks } from '../ledger/marks.js';
import { createClosedRecovery, mergeRebuilt, type Reached } from './closed-recovery.js';

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

/**
 * How long after the last start Temporal is asked what there is, in ms: its visibility follows its histories by a second
 * or so. What is shown later still is found by `lookAgain`, and its workflow ID is taken meanwhile.
 */
const VISIBILITY_SETTLES_MS = 5_000;

const HEARTBEAT_MS = 2_000;

export function createRecoveryActivities(deps: RecoveryDependencies): RecoveryActivities {
  const { marks, rebuild, audit, now, retention } = deps;
  const recoverClosed = createClosedRecovery(deps);

  async function rebuildAll({ since, until, thorough }: LookAgainRequest, beat: () => void): Promise<Rebuilt> {
    const from = since === null ? null : since - CLOCKS_DIFFER_MS;
    const open = await rebuild.enter({ of: 'open', thorough }, cancellationSignal(), beat);
    const closed = await rebuild.enter({ of: 'closed', from, to: until ?? null }, cancellationSignal(), beat);
    return mergeRebuilt(open, closed);
  }

  return {
    recoverLedger: (request) =>
      whileBeating(async (beat) => {
        const { epoch, why, first, remembersSince: before } = request;
        const { since, now: startedAt, known } = await marks.open(epoch, request.since, before);
        if (!first) await sleep(VISIBILITY_SETTLES_MS, undefined, { signal: cancellationSignal() });
        const retentionMs = await retention();
        const { restored, failed } = await rebuildAll({ since, thorough: false }, beat);
        const endedAt = await now();
        const remembersSince = Math.max(
          before,
          first && known !== true ? 0 : rememberedFrom(since, endedAt, retentionMs),
        );
        const told = failed.count === 0 ? {} : { failed };
        const recovery: Recovery = { why, since, startedAt, endedAt, restored, ...told };
        if (!first) await audit.recovered(recovery);
        // The next attempt opens it again, and finds out by that how much was lost this time.
        if (!(await marks.close(epoch, remembersSince, first ? undefined : recovery))) throw lostAgain();
        log.info('the ledger is whole', { ...recovery, remembersSince });
        return { recovery, remembersSince };
      }),

    recoverOpen: ({ epoch, since: asked, remembersSince }) =>
      whileBeating(async (beat) => {
        const { since, now: openedAt } = await marks.open(epoch, asked, remembersSince);
        await sleep(VISIBILITY_SETTLES_MS, undefined, { signal: cancellationSignal() });
        const rebuilt = await rebuild.enter({ of: 'open', thorough: false }, cancellationSignal(), beat);
        if (!(await marks.letGoOn(epoch))) throw lostAgain();
        log.info('the open messages are known again: intake goes on, and what has closed follows', { ...rebuilt });
        return { since, openedAt, rebuilt };
      }),

    recoverClosed: (request) =>
      whileBeating((beat) => recoverClosed(request, activityInfo().heartbeatDetails as Reached | undefined, beat)),

    lookAgain: (request) => whileBeating(async (beat) => (await rebuildAll(request, beat)).restored),
  };
}

function lostAgain(): Error {
  return new Error('the ledger lost records again while they were being rebuilt');
}

/**
 * Temporal gives the work to another process within seconds after this one has died. What was told last goes with each
 * heartbeat, as the next attempt is handed the latest one only.
 */
async function whileBeating<T>(work: (beat: (details?: unknown) => void) => Promise<T>): Promise<T> {
  let last: unknown = activityInfo().heartbeatDetails;
  const beat = (details?: unknown): void => {
    last = details ?? last;
    heartbeat(last);
  };
  const timer = setInterval(beat, HEARTBEAT_MS);
  try {
    return await work(beat);
  } finally {
    clearInterval(timer);
  }
}
