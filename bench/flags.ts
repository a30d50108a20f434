import { parseArgs } from 'node:util';
import { HandoverError } from '../src/domain/errors.js';
import { CONTENDERS, type ContenderName } from './contenders/contender.js';

/** Parts of a run beside the throughput rounds. */
export const PARTS = ['rounds', 'latency', 'growth', 'backlog', 'ledger'] as const;
export type Part = (typeof PARTS)[number];

export interface BenchFlags {
  readonly contenders: readonly ContenderName[];
  readonly parts: readonly Part[];
  readonly messages: number;
  readonly rounds: number;
  readonly temporal: 'dev' | 'postgres';
  readonly instance: string;
  readonly json: boolean;
}

export const HELP = `Measures handover beside what a user would write or pick instead, all on the same servers in one run.

Usage: npm run bench -- [options]

  --messages N      messages of a throughput round. Default 300
  --rounds N        throughput rounds of each contender, interleaved. Default 3
  --only NAMES      only these contenders or parts, with commas between them
                    contenders: ${CONTENDERS.join(', ')}
                    parts: ${PARTS.join(', ')}
  --temporal KIND   dev: the development server, in memory (default); postgres: a server on PostgreSQL
  --instance NAME   the local stack's name; what runs under it is ended first. Default bench
  --json            the result as one line of JSON, the last line

A rival that cannot be measured is skipped and named, with its reason; the others are measured all the same.
Exit code 0: handover was measured, and every message was rewarded exactly once; 1: not so, or the servers could not be had;
2: wrong use. Bars are reported, not enforced.`;

/** Undefined: help was asked for. @throws HandoverError `wrong-use` */
export function readFlags(args: readonly string[]): BenchFlags | undefined {
  const { values } = parseOrRefuse(args);
  if (values.help) return undefined;
  const only = (values.only ?? '').split(',').filter((name) => name !== '');
  const unknown = only.find((name) => !isOneOf(CONTENDERS, name) && !isOneOf(PARTS, name));
  if (unknown !== undefined) throw refusal(`--only: there is neither a contender nor a part '${unknown}'.`);
  const contenders = only.filter((name) => isOneOf(CONTENDERS, name));
  const parts = only.filter((name) => isOneOf(PARTS, name));
  const { temporal } = values;
  if (temporal !== 'dev' && temporal !== 'postgres') throw refusal('--temporal is dev or postgres.');
  return {
    contenders: contenders.length === 0 ? CONTENDERS : contenders,
    parts: parts.length === 0 ? PARTS : parts,
    messages: wholeNumber('--messages', values.messages, 50),
    rounds: wholeNumber('--rounds', values.rounds, 1),
    temporal,
    instance: values.instance,
    json: values.json,
  };
}

function parseOrRefuse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        messages: { type: 'string', default: '300' },
        rounds: { type: 'string', default: '3' },
        only: { type: 'string' },
        temporal: { type: 'string', default: 'dev' },
        instance: { type: 'string', default: 'bench' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (cause) {
    throw refusal(cause instanceof Error ? cause.message : String(cause));
  }
}

function wholeNumber(flag: string, text: string, least: number): number {
  const number = /^\d{1,7}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= least) return number;
  throw refusal(`${flag} must be a whole number of at least ${least}.`);
}

function isOneOf<T extends string>(names: readonly T[], name: string): name is T {
  return (names as readonly string[]).includes(name);
}

function refusal(message: string): HandoverError {
  return new HandoverError('wrong-use', message);
}
