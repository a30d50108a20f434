import { setTimeout as sleep } from 'node:timers/promises';
import { cancellationSignal, heartbeat, log } from '@temporalio/activity';
import { type NotRestored, type Recovery, type Restored, rememberedFrom } from '../domain/ledger-loss.js';
import type { Audit } from '../ledger/audit.js';
import type { LedgerMarks } from '../ledger/marks.js';

export interface RecoveryRequest {
  /** Drawn for this recovery. */
  readonly epoch: string;
  readonly why: string;
  /** What was written before it (Redis time, ms) is still there; null: nothing may be. */
  readonly since: number | null;
  /** How far back the ledger reached before this loss, see `LedgerState`. */
  readonly remembersSince: number;
  /** The migration never had an epoch: there is nothing that can have been lost. */
  readonly first: boolean;
}

export interface RecoveryResult {
  readonly recovery: Recovery;
  readonly remembersSince: number;
}

export interface RebuildRequest {
  /** Only of workflows that closed since then (ms since the epoch), beside all that are open; null: all. */
  readonly since: number | null;
  /** Also ask open workflows whose record looks right. */
  readonly thorough: boolean;
}

export interface Rebuilt {
  readonly restored: Restored;
  readonly failed: NotRestored;
}

/**
 * Enters records anew from what Temporal knows. Safe to repeat; what the ledger has is left as it is. A message that cannot
 * be looked into is told in `failed`, and the rest goes on; it rejects only where a service is to blame.
 */
export type Rebuild = (request: RebuildRequest, signal: AbortSignal, onProgress: () => void) => Promise<Rebuilt>;

export interface RecoveryDependencies {
  readonly marks: Pick<LedgerMarks, 'open' | 'close'>;
  readonly rebuild: Rebuild;
  readonly audit: Pick<Audit, 'recovered'>;
  /** For how long Temporal keeps a closed workflow, in ms. */
  readonly retention: () => Promise<number>;
}

export interface RecoveryActivities {
  /** Has every process hold, rebuilds what the ledger has lost, and lets them go on. */
  recoverLedger(request: RecoveryRequest): Promise<RecoveryResult>;
  /** The same look once more while all goes on, for what Temporal's visibility showed late. */
  lookAgain(request: RebuildRequest): Promise<Restored>;
}

/**
 * How long after the last start Temporal is asked what there is, in ms: its visibility follows its histories by a second
 * or so. What is shown later still is found by `lookAgain`, and its workflow ID is taken meanwhile.
 */
const VISIBILITY_SETTLES_MS = 5_000;

/** How much earlier than the last moment known good a workflow may have closed that is looked at, in ms: clocks differ. */
const CLOCKS_DIFFER_MS = 2 * 60 * 1_000;

const HEARTBEAT_MS = 2_000;

export function createRecoveryActivities(deps: RecoveryDependencies): RecoveryActivities {
  const { marks, rebuild, audit, retention } = deps;

  async function rebuildSince(since: number | null, thorough: boolean): Promise<Rebuilt> {
    const from = since === null ? null : since - CLOCKS_DIFFER_MS;
    return rebuild({ since: from, thorough }, cancellationSignal(), () => heartbeat());
  }

  return {
    recoverLedger: (request) =>
      whileBeating(async () => {
        const { epoch, why, first, remembersSince: before } = request;
        const { since, now: startedAt } = await marks.open(epoch, request.since, before);
        if (!first) await sleep(VISIBILITY_SETTLES_MS, undefined, { signal: cancellationSignal() });
        const retentionMs = await retention();
        const { restored, failed } = await rebuildSince(since, false);
        const horizon = first ? 0 : rememberedFrom(since, startedAt, retentionMs);
        const remembersSince = Math.max(before, horizon);
        const told = failed.count === 0 ? {} : { failed };
        const recovery: Recovery = { why, since, startedAt, endedAt: Date.now(), restored, ...told };
        if (!first) await audit.recovered(recovery);
        if (!(await marks.close(epoch, remembersSince, first ? undefined : recovery))) {
          // The next attempt opens it again, and finds out by that how much was lost this time.
          throw new Error('the ledger lost records again while they were being rebuilt');
        }
        log.info('the ledger is whole', { ...recovery, remembersSince });
        return { recovery, remembersSince };
      }),

    lookAgain: ({ since, thorough }) => whileBeating(async () => (await rebuildSince(since, thorough)).restored),
  };
}

/** Temporal gives the work to another process within seconds after this one has died. */
async function whileBeating<T>(work: () => Promise<T>): Promise<T> {
  const timer = setInterval(() => heartbeat(), HEARTBEAT_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
