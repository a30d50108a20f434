/** How long after it began to linger a message is looked up first, in ms. Without a lag that is enough. */
export const FIRST_LOOK_MS = 150;

/** By what the pause to the next look grows, and the longest one, in ms: behind a backlog many linger for long. */
const PAUSE_GROWTH = 1.5;
export const LONGEST_PAUSE_MS = 1_000;

/**
 * How much longer a message lingers that its owner has in its hands, or while its owner takes others that linger here: the
 * owner is busy, not ignorant, and a waiting workflow would only make it busier. If the owner dies with it in its hands, or
 * has never got it, that is the longest it goes unnoticed.
 */
const PATIENCE_WITH_A_BUSY_OWNER = 10;

/** What the ledger knows of an owner and its message; undefined where it gave no answer. */
export type Progress = 'unseen' | 'seen' | 'claimed' | 'unknown' | undefined;

/** How one message lingers. Times by a monotonic clock, in ms. */
export interface Stay {
  readonly lingerMs: number;
  /** By then its owner must have seen it, and by then claimed it. */
  readonly seenBy: number;
  readonly claimedBy: number;
  /** When it is looked up next, and how long that pause is. */
  readonly lookAt: number;
  readonly pauseMs: number;
}

/** `expired`: its owner had its time. Otherwise it goes on to linger. */
export type Judgement = 'claimed' | 'expired' | Stay;

export function beginStay(now: number, lingerMs: number): Stay {
  const pauseMs = Math.min(FIRST_LOOK_MS, lingerMs);
  return {
    lingerMs,
    seenBy: now + lingerMs,
    claimedBy: now + longestStay(lingerMs),
    lookAt: now + pauseMs,
    pauseMs,
  };
}

/** The longest that a message may linger, in ms. */
export function longestStay(lingerMs: number): number {
  return lingerMs * PATIENCE_WITH_A_BUSY_OWNER;
}

/** `tookOneAt`: when the owner was last seen to have claimed a message that lingers here. */
export function judgeStay(stay: Stay, progress: Progress, now: number, tookOneAt: number): Judgement {
  if (progress === 'claimed') return 'claimed';
  const { lingerMs, seenBy, claimedBy } = stay;
  const until = progress === 'seen' ? claimedBy : Math.min(Math.max(seenBy, tookOneAt + lingerMs), claimedBy);
  if (now >= until) return 'expired';
  const pauseMs = Math.min(stay.pauseMs * PAUSE_GROWTH, LONGEST_PAUSE_MS);
  return { ...stay, pauseMs, lookAt: now + Math.min(pauseMs, until - now) };
}
