import type { LedgerRecord } from '../../domain/ledger/record.js';
import type { Phase } from '../../domain/reward/outcome.js';
import type { Side } from '../../domain/side.js';

/** Which of the parked messages are meant; all of them where nothing is set. */
export interface ParkedFilter {
  readonly owner?: Side;
  /** Parked for at least this long, in ms. */
  readonly olderThan?: number;
  /** Parked for less than this, in ms. */
  readonly youngerThan?: number;
  /** How far the last attempt got. */
  readonly phase?: Phase;
  /** The HTTP status of the last answer. */
  readonly status?: number;
  /** At most so many, those that have waited longest. */
  readonly limit?: number;
}

const FILTERS = [
  'owner',
  'olderThan',
  'youngerThan',
  'phase',
  'status',
  'limit',
] as const satisfies readonly (keyof ParkedFilter)[];

/** The filter among a command's flags; undefined if none of them is set. */
export function parkedFilterOf(flags: ParkedFilter): ParkedFilter | undefined {
  const set = FILTERS.flatMap((name) => (flags[name] === undefined ? [] : [[name, flags[name]] as const]));
  return set.length === 0 ? undefined : Object.fromEntries(set);
}

/**
 * The records that the filter means, in the order in which they come. What is unknown of a record, its age or its
 * evidence, never fits a filter that asks for it.
 */
export function selectParked(
  records: readonly LedgerRecord[],
  { owner, olderThan, youngerThan, phase, status, limit }: ParkedFilter,
  now: number,
): readonly LedgerRecord[] {
  const chosen = records.filter((record) => {
    const age = record.movedAt === undefined ? undefined : now - record.movedAt;
    if (owner !== undefined && record.owner !== owner) return false;
    if (olderThan !== undefined && !(age !== undefined && age >= olderThan)) return false;
    if (youngerThan !== undefined && !(age !== undefined && age < youngerThan)) return false;
    if (phase !== undefined && record.evidence?.phase !== phase) return false;
    return status === undefined || record.evidence?.status === status;
  });
  return chosen.slice(0, limit);
}
