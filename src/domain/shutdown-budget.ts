/** How the time of a stop is divided, each in ms from the moment at which the stop begins. */
export interface ShutdownBudget {
  /** Until then deliveries that were handed over may be accepted; what is pending then is left to the broker. */
  readonly drainMs: number;
  /** Until then an attempt at the reward may go on; then it is cut off, and its outcome is unknown. */
  readonly graceMs: number;
  /** Until then an attempt that was cut off may say what it knows; then its worker is given up. */
  readonly forceMs: number;
  /** Until then the consumer and the Temporal workers may take; then connections are closed, whoever still uses them. */
  readonly workMs: number;
  /** Until then everything is closed or named as left open. What is left of the whole is for the process to end. */
  readonly closedMs: number;
}

export interface ShutdownWishes {
  /** `limits.drain`. */
  readonly drainMs: number;
  /** How long one attempt at the reward may take. */
  readonly attemptMs: number;
}

/** The most that each step needs, in ms. Where the whole is short, each gets a part of it instead. */
const EXIT = { ms: 2_000, share: 0.2 };
const CLOSE = { ms: 2_000, share: 0.1 };
/** A cancelled attempt ends at once; what it knows then has to reach Temporal. */
const REPORT = { ms: 2_000, share: 0.1 };
/** The goodbye to a broker, which then hands what was held to another consumer at once. */
const LEAVE = { ms: 5_000, share: 0.2 };

/**
 * Divides the time of a stop, so that all of it together takes no longer than `totalMs`. The drain of intake and the last
 * attempts run side by side: one after the other, either would be cut off for the other's sake.
 */
export function divideShutdown(totalMs: number, { drainMs, attemptMs }: ShutdownWishes): ShutdownBudget {
  const part = ({ ms, share }: { ms: number; share: number }): number => Math.min(ms, Math.floor(totalMs * share));
  const closedMs = totalMs - part(EXIT);
  const workMs = closedMs - part(CLOSE);
  const graceMs = Math.min(attemptMs, workMs - part(REPORT));
  return {
    drainMs: Math.min(drainMs, workMs - part(LEAVE)),
    graceMs,
    forceMs: graceMs + part(REPORT),
    workMs,
    closedMs,
  };
}
