import { type Command, InvalidArgumentError, Option } from 'commander';
import { PHASES } from '../domain/reward/outcome.js';
import { SIDES } from '../domain/side.js';
import { describeDuration } from '../domain/text.js';
import type { ParkedFilter } from '../operations/parked/parked-filter.js';

const UNITS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Reads a duration such as `90s`, `10m`, `2h` or `1d` from the command line, in ms. */
export function readDuration(text: string): number {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (count === undefined || unit === undefined) {
    throw new InvalidArgumentError("It must be a whole number with its unit: '90s', '10m', '2h' or '1d'.");
  }
  return Number(count) * UNITS[unit as keyof typeof UNITS];
}

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
