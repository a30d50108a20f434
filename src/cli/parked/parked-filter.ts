import { type Command, InvalidArgumentError, Option } from 'commander';
import type { LedgerRecord } from '../../domain/ledger-state.js';
import { PHASES, type Phase } from '../../domain/outcome.js';
import { SIDES, type Side } from '../../domain/side.js';
import { describeDuration, readDuration } from '../duration.js';

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

/** Adds the filters to a command, as flags. */
export function withParkedFilter(command: Command): Command {
  return command
    .addOption(new Option('--owner <side>', 'only those that this side owns').choices(SIDES))
    .option('--older-than <duration>', "only those parked for at least so long, as '10m'", readDuration)
    .option('--younger-than <duration>', 'only those parked for less than that', readDuration)
    .addOption(new Option('--phase <phase>', 'only those whose last attempt got so far').choices(PHASES))
    .option('--status <code>', 'only those whose last answer had this HTTP status', readStatusCode)
    .option('--limit <n>', 'at most so many, those that have waited longest', readLimit);
}

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

/** The filter in words, as a person confirms it. */
export function describeParkedFilter(filter: ParkedFilter): string {
  const { owner, olderThan, youngerThan, phase, status, limit } = filter;
  const terms = [
    owner !== undefined && `owned by ${owner}`,
    olderThan !== undefined && `parked for at least ${describeDuration(olderThan)}`,
    youngerThan !== undefined && `parked for less than ${describeDuration(youngerThan)}`,
    phase !== undefined && `phase ${phase}`,
    status !== undefined && `HTTP status ${status}`,
    limit !== undefined && `at most ${limit}, the longest parked first`,
  ].filter((term) => term !== false);
  return terms.length === 0 ? 'every parked message' : `parked messages: ${terms.join(', ')}`;
}

function readStatusCode(text: string): number {
  if (!/^[1-5]\d\d$/.test(text)) throw new InvalidArgumentError('It must be an HTTP status, such as 502.');
  return Number(text);
}

function readLimit(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It must be a number from 1 on.');
  return Number(text);
}
