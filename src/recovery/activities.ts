import { setTimeout as sleep } from 'node:timers/promises';
import { activityInfo, cancellationSignal, heartbeat, log } from '@temporalio/activity';
import { CLOCKS_DIFFER_MS } from '../domain/ledger/close-windows.js';
import { type Recovery, rememberedFrom } from '../domain/ledger/ledger-health.js';
import { createClosedRecovery, mergeRebuilt, type Reached } from './closed.js';
import type { LookAgainRequest, Rebuilt, RecoveryActivities, RecoveryDependencies } from './contract.js';

/**
 * How long after the last start Temporal is asked what there is, in ms: its visibility follows its histories by a second
 * or so. What is shown later still is found by `lookAgain`, and its workflow ID is taken meanwhile.
 */
const VISIBILITY_LAG_MS = 5_000;

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
        if (!first) await sleep(VISIBILITY_LAG_MS, undefined, { signal: cancellationSignal() });
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
        await sleep(VISIBILITY_LAG_MS, undefined, { signal: cancellationSignal() });
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
