import { CancellationScope, condition, patched, workflowInfo } from '@temporalio/workflow';

/**
 * What a run has to mind if a reset has made it. It replays the history of an earlier run up to the point of the reset,
 * and that one may have gone on from there, so what was sent meanwhile is not known. For any other run nothing of this
 * is ever so.
 */
export interface Reset {
  /** The point of the reset lies behind this run: what it does now, it does by itself. */
  isPast(): boolean;
  /** So it does, and it has opened no round of its own yet: the one that it finds open the earlier run may have sent in. */
  inDoubt(): boolean;
  /** When this run began to go on by itself, in ms since the epoch; 0 before. The earlier one sends nothing that begins later. */
  at(): number;
  /** A round was opened by a step that was begun after the point of the reset: this run knows all that is sent in it. */
  opened(): void;
}

const GOES_ON = 'reset: goes on by itself';

export function isReset(): boolean {
  const { runId, originalExecutionRunId } = workflowInfo();
  return runId !== originalExecutionRunId;
}

export function watchReset(): Reset {
  let at = 0;
  let opened = false;

  /** The marker of a patch is not in the replayed history, and is written in the first task that is this run's own. */
  function isPast(): boolean {
    if (at === 0 && isReset() && patched(GOES_ON)) at = Date.now();
    return at > 0;
  }

  // Looked at in that first task in any case, whatever it is about: the earlier run was closed before it.
  if (isReset()) void CancellationScope.nonCancellable(() => condition(isPast));

  return {
    isPast,
    inDoubt: () => isPast() && !opened,
    at: () => at,
    opened() {
      opened = true;
    },
  };
}
