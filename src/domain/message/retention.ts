/** For how long something is kept that can bring a message back, such as a topic. */
export interface Retention {
  /** What keeps it, as in `Kafka keeps the messages of topic 'rewards'`. */
  readonly who: string;
  /** In ms. */
  readonly keepsMs: number | 'for ever';
  /** How to shorten it, as in `the topic's retention.ms`. */
  readonly setting: string;
}

/**
 * Why the ledger's memory is too short for these, a sentence for each that is kept longer: what comes back after the
 * ledger has forgotten it can no longer be told from a message that was never seen.
 */
export function findForgetful(settledLifetimeMs: number, retentions: readonly Retention[]): string[] {
  return retentions
    .filter(({ keepsMs }) => keepsMs === 'for ever' || keepsMs > settledLifetimeMs)
    .map(({ who, keepsMs, setting }) => {
      const kept = keepsMs === 'for ever' ? 'for ever' : `for ${inWords(keepsMs)}`;
      const other = keepsMs === 'for ever' ? '' : `, or raise settledLifetime to at least ${inWords(keepsMs)}`;
      return `${who} ${kept}, the ledger remembers a settled message for ${inWords(settledLifetimeMs)}: lower ${setting}${other}`;
    });
}

const UNITS = [
  ['days', 24 * 60 * 60 * 1_000],
  ['hours', 60 * 60 * 1_000],
  ['minutes', 60 * 1_000],
  ['s', 1_000],
] as const;

/** A duration in the largest unit of which it is a whole number, such as `15 days`. */
function inWords(ms: number): string {
  for (const [unit, length] of UNITS) if (ms >= length && ms % length === 0) return `${ms / length} ${unit}`;
  return `${ms} ms`;
}

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
