import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { BUILT_COMMAND } from './build.js';

export interface CommandProcess {
  readonly child: ChildProcess;
  /** Its exit code and what it printed; `null` if it had to be killed, as it did not end. */
  readonly ended: Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>;
  /** What it has printed so far. */
  stdout(): string;
  stderr(): string;
}

/** A process that has not ended after so long never will, in ms; far above any bound, for a machine that does much else. */
const NEVER_ENDS_MS = 120_000;

/** Starts the built command as a process of its own: how it ends is the process's affair, and not to be seen from within one. */
export function startCommand(args: readonly string[], environment: Record<string, string>): CommandProcess {
  const child = spawn(process.execPath, [BUILT_COMMAND, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
    timeout: NEVER_ENDS_MS,
    killSignal: 'SIGKILL',
  });
  const printed = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      printed[name] += text;
    });
  }
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, ...printed }));
  return { child, ended, stdout: () => printed.stdout, stderr: () => printed.stderr };
}
