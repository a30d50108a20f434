import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { HandoverError } from '../domain/errors.js';
import { identify, isAlive, type ProcessIdentity } from './process-identity.js';
import type { CommandLine } from './services/service.js';
import { waitUntil } from './wait-until.js';

/**
 * Starts a program that outlives this one, in a session of its own so that Ctrl-C on this terminal does not reach it.
 * What it prints is appended to `log`.
 * @throws HandoverError `stack-failed` if it cannot be started
 */
export async function startDetached(
  { command, args, environment }: CommandLine,
  options: { readonly cwd: string; readonly log: string },
): Promise<ProcessIdentity> {
  const output = openSync(options.log, 'a');
  try {
    const child = spawn(command, [...args], {
      cwd: options.cwd,
      detached: true,
      stdio: ['ignore', output, output],
      env: { ...process.env, ...environment },
    });
    child.unref();
    if (child.pid === undefined) throw (await once(child, 'error'))[0];
    // The caller must learn of the process before anything else can happen, so nothing is awaited from here on.
    child.on('error', () => undefined);
    return identify(child.pid) ?? { pid: child.pid, started: 'ended at once' };
  } catch (cause) {
    throw new HandoverError('stack-failed', `${command} could not be started.`, { cause });
  } finally {
    closeSync(output);
  }
}

/** How long a program may take over an orderly end. */
const GRACE_MS = 15_000;
const KILLED_MS = 5_000;

/**
 * Ends processes and waits until they are gone: orderly, or by force when that takes too long. One that is gone already,
 * or whose pid another program has by now, is left alone.
 * @throws HandoverError `stack-failed` if one cannot be ended
 */
export async function stopProcess(identity: ProcessIdentity): Promise<void> {
  const gone = async (): Promise<void> => {
    if (isAlive(identity)) throw new Error('still alive');
  };
  for (const [name, timeoutMs] of [
    ['SIGTERM', GRACE_MS],
    ['SIGKILL', KILLED_MS],
  ] as const) {
    if (!isAlive(identity)) return;
    signalProcess(identity, name);
    try {
      return await waitUntil(gone, { timeoutMs, intervalMs: 50 });
    } catch (cause) {
      if (name === 'SIGTERM') continue;
      throw new HandoverError('stack-failed', `Process ${identity.pid} does not end.`, { cause });
    }
  }
}

function signalProcess({ pid }: ProcessIdentity, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    // It has ended between the look and the signal.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
