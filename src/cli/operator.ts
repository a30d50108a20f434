import { userInfo } from 'node:os';
import { type Command, InvalidArgumentError } from 'commander';
import type { Operator } from '../operations/session.js';

/** Who does something and why, as flags. */
export interface OperatorFlags {
  readonly actor?: string;
  readonly reason?: string;
}

/** Adds `--actor` and `--reason` to a command that changes something. */
export function withOperatorFlags(command: Command, { reasonRequired }: { readonly reasonRequired: boolean }): Command {
  command.option('--actor <name>', 'who does it (default: HANDOVER_ACTOR, else the user of this system)');
  return reasonRequired
    ? command.requiredOption('--reason <text>', 'why; it is written to the audit stream', readReason)
    : command.option('--reason <text>', 'why; it is written to the audit stream');
}

/** The person behind a command: `--actor`, else HANDOVER_ACTOR, else the user of the operating system. */
export function operatorOf(
  { actor, reason }: OperatorFlags,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Operator {
  const named = [actor, environment['HANDOVER_ACTOR']].find((name) => name !== undefined && name.trim() !== '');
  return { actor: named ?? userInfo().username, reason: reason ?? '' };
}

function readReason(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('It must say something.');
  return text;
}
