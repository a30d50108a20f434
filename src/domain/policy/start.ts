import { isStoredTime } from '../message/retention.js';
import type { Side } from '../side.js';

/** When and where handover's Kafka side took over from the consumer that was there before. Set once, and kept. */
export interface MigrationStart {
  /** An ISO 8601 instant, as `Date` writes it. */
  readonly at: string;
  /** How much later than its Kafka copy a message's RocketMQ copy may be stored, in ms. */
  readonly marginMs: number;
  /** Of each Kafka partition, the first offset that was left to handover, as a decimal number. */
  readonly positions: Readonly<Record<string, string>>;
}

/** The policy travels whole with every change, and every consumer reads it twice a second. */
const MOST_PARTITIONS = 5_000;

/** The reason by which `kafka` owns a message that was published before the start. */
export const BEFORE_START = 'before start';

/** What is known of a delivery's place and time. */
export interface Stored {
  readonly side: Side;
  /** As in `Delivery`: `kafka:<topic>/<partition>/<offset>`. */
  readonly coordinates: string;
  /** When the broker stored it, ms since the epoch. */
  readonly storedAt: number;
}

/**
 * What the start says of a delivery. `kafka-owns`: its message was published before the start, and was left to handover.
 * `acknowledge`: the consumer that was there before had it, or has left it to the Kafka copy; where nobody knows the
 * message, it is acknowledged and that is all. `none`: the policy decides.
 */
export type StartRule = 'none' | 'kafka-owns' | 'acknowledge';

export function ruleOfStart(start: MigrationStart | undefined, { side, coordinates, storedAt }: Stored): StartRule {
  if (start === undefined) return 'none';
  const before = isBeforeStart(start, storedAt);
  if (side === 'rocketmq') return before ? 'acknowledge' : 'none';
  // Both must say so: after a topic was made anew its offsets begin again, and its messages are new ones.
  const taken = isBelow(start.positions, coordinates) && (before || !isStoredTime(storedAt));
  if (taken) return 'acknowledge';
  return before ? 'kafka-owns' : 'none';
}

/** Whether what was stored then was published before the start, or within its margin. An unknown time is not before it. */
export function isBeforeStart(start: MigrationStart | undefined, storedAt: number | undefined): boolean {
  if (start === undefined || storedAt === undefined || !isStoredTime(storedAt)) return false;
  return storedAt < Date.parse(start.at) + start.marginMs;
}

/** Why this cannot be a start, or undefined. Trusts no type: an Update may come from any client. */
export function findNonsenseInStart(start: unknown): string | undefined {
  if (typeof start !== 'object' || start === null) return 'a start is one JSON object';
  const { at, marginMs, positions } = start as Record<string, unknown>;
  if (typeof at !== 'string' || !isStoredTime(Date.parse(at)) || new Date(at).toISOString() !== at) {
    return 'the time of a start is an ISO 8601 instant in UTC, such as 2026-11-23T05:00:00.000Z';
  }
  if (typeof marginMs !== 'number' || !Number.isSafeInteger(marginMs) || marginMs < 0) {
    return 'the margin of a start is a whole number of milliseconds';
  }
  const entries = typeof positions === 'object' && positions !== null ? Object.entries(positions) : undefined;
  if (entries === undefined || entries.length > MOST_PARTITIONS || !entries.every(isPosition)) {
    return `the positions of a start are offsets of at most ${MOST_PARTITIONS} partitions, each a decimal number`;
  }
  return undefined;
}

/** Whether two starts say the same. */
export function isSameStart(one: MigrationStart, other: MigrationStart): boolean {
  const sorted = ({ positions }: MigrationStart) => JSON.stringify(Object.entries(positions).sort());
  return one.at === other.at && one.marginMs === other.marginMs && sorted(one) === sorted(other);
}

function isPosition([partition, offset]: [string, unknown]): boolean {
  return /^\d{1,9}$/.test(partition) && typeof offset === 'string' && /^\d{1,19}$/.test(offset);
}

function isBelow(positions: MigrationStart['positions'], coordinates: string): boolean {
  const [, partition = '', offset = ''] = /^kafka:.*\/(\d+)\/(\d+)$/.exec(coordinates) ?? [];
  const first = positions[partition];
  return first !== undefined && BigInt(offset) < BigInt(first);
}
