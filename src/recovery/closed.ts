import { cancellationSignal, log } from '@temporalio/activity';
import {
  CLOCKS_DIFFER_MS,
  type CloseWindow,
  firstWindow,
  halved,
  windowAfter,
} from '../domain/ledger/close-windows.js';
import {
  FAILURES_NAMED,
  NOTHING_RESTORED,
  provingNothing,
  type Recovery,
  type Restored,
  rememberedFrom,
} from '../domain/ledger/ledger-health.js';
import type { ClosedRequest, Rebuilt, RecoveryDependencies, RecoveryResult } from './contract.js';

/** How far an attempt has come, for the next one to go on from there. */
export interface Reached {
  /** The window that is not done; undefined: all are. */
  readonly next: CloseWindow | undefined;
  readonly done: number;
  readonly total: number | null;
  readonly rebuilt: Rebuilt;
}

/** How often the log tells how far it is, in ms. */
const TOLD_EVERY_MS = 30_000;

/**
 * Enters the workflows that have closed, in windows of their time of closing, the oldest first. Whoever takes over goes on
 * with the window that was not done. Rejects while the ledger has lost records again: the cutover workflow then cancels it.
 */
export function createClosedRecovery({ marks, rebuild, audit, now, retention }: RecoveryDependencies) {
  return async function recoverClosed(
    request: ClosedRequest,
    reached: Reached | undefined,
    beat: (reached?: Reached) => void,
  ): Promise<RecoveryResult> {
    const { epoch, why, since, openedAt, remembersSince: before } = request;
    const retentionMs = await retention();
    const end = openedAt + CLOCKS_DIFFER_MS;
    const from = since === null ? null : since - CLOCKS_DIFFER_MS;

    async function begin(): Promise<Reached> {
      const total = (await rebuild.count({ of: 'closed', from, to: end })) ?? null;
      const next = firstWindow(from, openedAt - retentionMs, end);
      return { next, done: 0, total, rebuilt: request.rebuilt };
    }

    /** A window that holds no more than is done twice without harm. */
    async function fitting(wanted: CloseWindow): Promise<CloseWindow> {
      let window = wanted;
      for (;;) {
        const holds = (await rebuild.count({ of: 'closed', ...window })) ?? 0;
        const shorter = halved(window, holds);
        if (shorter === undefined) return window;
        window = shorter;
      }
    }

    let at = reached ?? (await begin());
    let toldAt = Date.now();
    while (at.next !== undefined) {
      cancellationSignal().throwIfAborted();
      const window = await fitting(at.next);
      let looked = 0;
      const rebuilt = await rebuild.enter({ of: 'closed', ...window }, cancellationSignal(), () => {
        looked += 1;
        beat();
      });
      const next = windowAfter(window, looked, end);
      at = { ...at, next, done: at.done + looked, rebuilt: mergeRebuilt(at.rebuilt, rebuilt) };
      beat(at);
      const progress = { done: at.done, total: at.total, reached: window.to };
      await marks.progress(epoch, progress);
      if (Date.now() - toldAt < TOLD_EVERY_MS) continue;
      toldAt = Date.now();
      log.info('the recovery of what has closed goes on', progress);
    }

    const endedAt = await now();
    const { restored, failed } = at.rebuilt;
    const remembersSince = Math.max(before, rememberedFrom(since, endedAt, retentionMs));
    const made = provingNothing({ since, openedAt, endedAt, retentionMs, remembersSince });
    if (made !== undefined) {
      const forgotten = await rebuild.forgetUnstarted(made, cancellationSignal(), () => beat());
      log.warn('records that nobody had claimed were removed: their messages may have been rewarded and forgotten', {
        ...{ made, tookMs: endedAt - openedAt, retentionMs, forgotten },
      });
    }
    const recovery: Recovery = {
      ...{ why, since, startedAt: openedAt, endedAt, restored },
      ...(failed.count > 0 && { failed }),
    };
    await audit.recovered(recovery);
    if (!(await marks.close(epoch, remembersSince, recovery))) {
      throw new Error('the ledger lost records again before all that has closed was entered');
    }
    log.info('the ledger is whole', { ...recovery, remembersSince });
    return { recovery, remembersSince };
  };
}

export function mergeRebuilt(one: Rebuilt, other: Rebuilt): Rebuilt {
  const states = Object.keys(NOTHING_RESTORED) as (keyof Restored)[];
  const sums = states.map((state) => [state, one.restored[state] + other.restored[state]]);
  return {
    restored: Object.fromEntries(sums) as Record<keyof Restored, number>,
    failed: {
      count: one.failed.count + other.failed.count,
      first: [...one.failed.first, ...other.failed.first].slice(0, FAILURES_NAMED),
    },
  };
}
