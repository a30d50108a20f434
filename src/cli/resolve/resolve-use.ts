import { type Command, InvalidArgumentError } from 'commander';
import { HandoverError } from '../../domain/errors.js';
import { isResolution, RESOLUTIONS, type Resolution } from '../../domain/reward/outcome.js';
import { type ParkedFilter, parkedFilterOf } from '../../operations/parked/parked-filter.js';
import type { SettlementColumns } from '../../operations/resolve/read-settlement.js';

/** The flags of `resolve` that say what it resolves. */
export interface ResolveUseFlags extends ParkedFilter {
  readonly round?: number;
  readonly force?: boolean;
  readonly all?: boolean;
  readonly yes?: boolean;
  readonly from?: string;
  readonly idColumn?: string;
  readonly statusColumn?: string;
  readonly grantedWhen?: ReadonlySet<string>;
  readonly absentWhen?: ReadonlySet<string>;
  readonly asOf?: number;
  readonly delimiter?: string;
  readonly dryRun?: boolean;
}

/** The three uses of `resolve`. */
export type ResolveUse =
  | {
      readonly kind: 'one';
      readonly messageId: string;
      readonly resolution: Resolution;
      readonly round?: number;
      readonly force?: boolean;
    }
  | {
      readonly kind: 'all';
      readonly resolution: Resolution;
      readonly filter: ParkedFilter;
      readonly confirmed: boolean;
    }
  | {
      readonly kind: 'from';
      readonly file: string;
      readonly columns: SettlementColumns;
      readonly grantedWhen: ReadonlySet<string>;
      readonly absentWhen: ReadonlySet<string>;
      readonly asOf?: number;
      readonly dryRun: boolean;
    };

/** Adds {@link ResolveUseFlags} to a command, but for the filters. */
export function withResolveUse(command: Command): Command {
  return command
    .option('--round <n>', 'one message: the round that you answer (default: the one in which it is parked)', readRound)
    .option('--force', 'one message: resend although the last request may still take effect')
    .option('--all', 'every parked message, or those that the filters mean')
    .option('--yes', 'with --all: do not ask')
    .option('--from <file>', "the provider's settlement file, CSV with a header, in UTF-8 ('-': standard input)")
    .option('--id-column <name>', 'with --from: the column of the message ID')
    .option('--status-column <name>', 'with --from: the column of the status')
    .option('--granted-when <values>', "with --from: status values of a given reward, as 'PAID,OK'", readValues)
    .option('--absent-when <values>', 'with --from: status values of a reward that was never asked for', readValues)
    .option(
      '--as-of <instant>',
      "with --absent-when: when the provider made the file, as '2026-11-23T12:00:00Z'",
      readInstant,
    )
    .option('--delimiter <character>', "with --from: default ',' ('\\t' for a tab)", readDelimiter)
    .option('--dry-run', 'with --from: show what would change, and change nothing');
}

/**
 * Which use is meant.
 * @throws HandoverError `wrong-use` if the words and flags make none
 */
export function readResolveUse(words: readonly string[], flags: ResolveUseFlags): ResolveUse {
  const filter = parkedFilterOf(flags);
  if (flags.from !== undefined) return readFrom(words, flags.from, flags, filter);
  refuseFlags(flags, FROM_FLAGS, 'is for --from');
  if (flags.all) {
    refuseFlags(flags, ONE_FLAGS, 'is for one message, not for --all');
    if (words.length !== 1) throw wrongUse(`With --all name the resolution alone: ${RESOLUTIONS.join(', ')}.`);
    return { kind: 'all', resolution: readResolution(words[0]), filter: filter ?? {}, confirmed: flags.yes === true };
  }
  if (filter !== undefined || flags.yes) throw wrongUse('Filters and --yes are for --all.');
  const [messageId, resolution, ...more] = words;
  if (messageId === undefined || resolution === undefined || more.length > 0) {
    throw wrongUse('Name one message and its resolution, or use --all or --from.');
  }
  const { round, force } = flags;
  return {
    kind: 'one',
    messageId,
    resolution: readResolution(resolution),
    ...(round !== undefined && { round }),
    ...(force !== undefined && { force }),
  };
}

const ONE_FLAGS = { round: '--round', force: '--force' } as const;
const ALL_FLAGS = { all: '--all', yes: '--yes' } as const;
const FROM_FLAGS = {
  idColumn: '--id-column',
  statusColumn: '--status-column',
  grantedWhen: '--granted-when',
  absentWhen: '--absent-when',
  asOf: '--as-of',
  delimiter: '--delimiter',
  dryRun: '--dry-run',
} as const;

function readFrom(
  words: readonly string[],
  file: string,
  flags: ResolveUseFlags,
  filter: ParkedFilter | undefined,
): ResolveUse {
  refuseFlags(flags, { ...ONE_FLAGS, ...ALL_FLAGS }, 'does not go with --from');
  if (filter !== undefined || words.length > 0) {
    throw wrongUse('With --from the file names the messages and what became of them: no filter, ID or resolution.');
  }
  const { idColumn, statusColumn, grantedWhen, absentWhen = new Set<string>(), asOf, delimiter, dryRun } = flags;
  if (idColumn === undefined || statusColumn === undefined || grantedWhen === undefined) {
    throw wrongUse('--from needs --id-column, --status-column and --granted-when.');
  }
  if (idColumn === statusColumn) throw wrongUse('One column cannot hold both the message ID and the status.');
  const both = [...grantedWhen].find((value) => absentWhen.has(value));
  if (both !== undefined) throw wrongUse(`'${both}' cannot mean both granted and absent.`);
  // An old file's 'absent' is no word on a request that took effect after the file was made.
  if ((asOf === undefined) !== (absentWhen.size === 0)) {
    throw wrongUse(
      "--absent-when and --as-of go together: 'absent' counts only if the provider looked late enough, so say when it made the file.",
    );
  }
  return {
    kind: 'from',
    file,
    columns: { id: idColumn, status: statusColumn, ...(delimiter !== undefined && { delimiter }) },
    grantedWhen,
    absentWhen,
    ...(asOf !== undefined && { asOf }),
    dryRun: dryRun === true,
  };
}

function refuseFlags(flags: ResolveUseFlags, names: Partial<Record<keyof ResolveUseFlags, string>>, why: string): void {
  for (const [name, flag] of Object.entries(names)) {
    if (flags[name as keyof ResolveUseFlags] !== undefined) throw wrongUse(`${flag} ${why}.`);
  }
}

function readResolution(word: string | undefined): Resolution {
  if (isResolution(word)) return word;
  throw wrongUse(`The resolution is one of ${RESOLUTIONS.join(', ')}.`);
}

function wrongUse(why: string): HandoverError {
  return new HandoverError('wrong-use', why, { hint: 'See: handover resolve --help' });
}

function readRound(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be the number of a round.');
  return Number(text);
}

function readValues(text: string): ReadonlySet<string> {
  const values = text.split(',').map((value) => value.trim());
  if (values.includes('')) throw new InvalidArgumentError('It must be status values with commas between them.');
  return new Set(values);
}

function readInstant(text: string): number {
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
  if (Number.isNaN(at)) throw new InvalidArgumentError("It must be an instant with its zone: '2026-11-23T12:00:00Z'.");
  return at;
}

function readDelimiter(text: string): string {
  const delimiter = text === '\\t' ? '\t' : text;
  if (/^[\t\x20-\x7e]$/.test(delimiter) && !/["0-9A-Za-z]/.test(delimiter)) return delimiter;
  throw new InvalidArgumentError("It must be one character such as ';' and no letter, digit or quote.");
}
