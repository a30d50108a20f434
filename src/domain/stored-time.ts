const DAY_MS = 24 * 60 * 60 * 1_000;

/** 9 September 2001. What lies before it is no time in milliseconds: 0, -1, or a producer that counts in seconds. */
const EARLIEST_MS = 1e12;

/** Whether a broker or producer can have meant this as the time at which a message was stored (ms since the epoch). */
export function isStoredTime(storedAt: number): boolean {
  return Number.isFinite(storedAt) && storedAt >= EARLIEST_MS;
}

/**
 * How far back the ledger can be trusted to know every message, in ms: the lifetime of its settled records less a day,
 * and never less than half of it. A message may be settled a while after it was stored, but not before.
 */
export function memoryOf(settledLifetimeMs: number): number {
  return Math.max(settledLifetimeMs - DAY_MS, settledLifetimeMs / 2);
}

/**
 * Whether a delivery was stored so long ago that, without a record, it cannot be taken for a first sight. A time that is
 * none is unknown, and unknown is not too old: the message would be lost to its reward by a producer's wrong clock.
 */
export function isBeyondMemory(storedAt: number, now: number, memoryMs: number): boolean {
  return isStoredTime(storedAt) && now - storedAt > memoryMs;
}
