/**
 * The times of closing in which a recovery looks for workflows, one window after the other, the oldest first: those are the
 * next that Temporal forgets. A recovery that is taken over goes on with the window that was not done.
 */
export interface CloseWindow {
  /** From then on (ms since the epoch); null: from the beginning. */
  readonly from: number | null;
  /** Before then. */
  readonly to: number;
}

/** How much earlier than the last moment known good a workflow may have closed that is looked at, in ms: clocks differ. */
export const CLOCKS_DIFFER_MS = 2 * 60 * 1_000;

/** Workflows that one window is to hold at most: what is done twice when a process dies, and out of order within. */
export const WINDOW_HOLDS = 2_000;

const SHORTEST_MS = 1_000;
const LONGEST_MS = 24 * 60 * 60 * 1_000;
const FIRST_MS = 60_000;

/** The length after one of `lengthMs` that held `found`. */
function nextLength(lengthMs: number, found: number): number {
  return found < WINDOW_HOLDS / 4 ? Math.min(lengthMs * 2, LONGEST_MS) : lengthMs;
}

/** The same window, cut to half of its length, if it holds too many and can be shorter. */
export function halved(window: CloseWindow, holds: number): CloseWindow | undefined {
  if (holds <= WINDOW_HOLDS || window.from === null) return undefined;
  const lengthMs = Math.max(SHORTEST_MS, Math.floor((window.to - window.from) / 2));
  return lengthMs < window.to - window.from ? { from: window.from, to: window.from + lengthMs } : undefined;
}

/** Where the windows begin and how long the first one is: with all that may be forgotten at any moment, as one. */
export function firstWindow(since: number | null, forgottenBefore: number, end: number): CloseWindow {
  if (since === null) return { from: null, to: Math.min(forgottenBefore, end) };
  return { from: since, to: Math.min(since + FIRST_MS, end) };
}

/** The one that follows, or none once `end` is reached. */
export function windowAfter({ from, to }: CloseWindow, found: number, end: number): CloseWindow | undefined {
  if (to >= end) return undefined;
  const lengthMs = from === null ? FIRST_MS : nextLength(to - from, found);
  return { from: to, to: Math.min(to + lengthMs, end) };
}
