import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { HandoverError } from '../../../domain/errors.js';
import type { CommandLine } from '../services/service.js';
import { identify, isAlive, type ProcessIdentity } from './process-identity.js';

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

/** How long a program may take over an orderly end: RocketMQ's is 14 s of waiting for its own threads. */
const GRACE_MS = 30_000;
const KILLED_MS = 5_000;

/**
 * Ends a process and waits until it is gone. `orderly` lets it put its data in order, for as long as that may take;
 * `at once` is for data that nobody will read. One that is gone already, or whose pid another program has by now, is left
 * alone.
 * @throws HandoverError `stack-failed` if it cannot be ended
 */
export async function stopProcess(identity: ProcessIdentity, how: 'orderly' | 'at once'): Promise<void> {
  if (how === 'orderly' && (await endsWithin(identity, 'SIGTERM', GRACE_MS))) return;
  if (await endsWithin(identity, 'SIGKILL', KILLED_MS)) return;
  throw new HandoverError('stack-failed', `Process ${identity.pid} does not end.`, {
    hint: 'The system may be busy writing for it; try again, or restart the machine.',
  });
}

async function endsWithin(identity: ProcessIdentity, name: NodeJS.Signals, timeoutMs: number): Promise<boolean> {
  if (!isAlive(identity)) return true;
  signalProcess(identity, name);
  const deadline = performance.now() + timeoutMs;
  while (isAlive(identity)) {
    if (performance.now() > deadline) return false;
    // The system tells a parent only, and we are not the parent of what an earlier command has started.
    await pause(20);
  }
  return true;
}

function signalProcess({ pid }: ProcessIdentity, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    // It has ended between the look and the signal.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
