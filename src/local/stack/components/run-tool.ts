import { spawn } from 'node:child_process';
import { HandoverError } from '../../../domain/errors.js';

export interface ToolOptions {
  readonly signal?: AbortSignal | undefined;
  readonly cwd?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** What to say if the tool is not installed. */
  readonly missing?: { readonly message: string; readonly hint: string };
}

/** A tool that ended with another exit code than 0. */
export class ToolFailure extends Error {
  override readonly name = 'ToolFailure';
  readonly exitCode: number | null;
  /** The end of what it printed. */
  readonly printed: string;

  constructor(command: string, exitCode: number | null, printed: string) {
    super(`${command} ended with ${exitCode === null ? 'a signal' : `exit code ${exitCode}`}: ${printed}`);
    this.exitCode = exitCode;
    this.printed = printed;
  }
}

const KEPT_CHARACTERS = 4000;

/**
 * Runs an installed tool to its end and answers what it printed.
 * @throws HandoverError `tool-missing` if it is not installed, `interrupted` when the signal is aborted
 * @throws ToolFailure if it fails
 */
export async function runTool(command: string, args: readonly string[], options: ToolOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...options.environment },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    let printed = '';
    const keep = (chunk: Buffer): void => {
      printed = (printed + chunk.toString()).slice(-KEPT_CHARACTERS);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('error', (error) => reject(explain(error, command, options)));
    child.once('close', (code) => {
      if (code === 0) resolve(printed);
      else reject(new ToolFailure(command, code, printed.trim()));
    });
  });
}

function explain(error: Error, command: string, { signal, missing }: ToolOptions): HandoverError {
  if (signal?.aborted === true) return new HandoverError('interrupted', 'Interrupted.', { cause: error });
  const { message, hint } = missing ?? { message: `${command} could not be run.`, hint: 'Install it, or mend PATH.' };
  return new HandoverError('tool-missing', message, { cause: error, hint });
}
