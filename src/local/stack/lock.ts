import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HandoverError } from '../../domain/errors.js';

/**
 * Runs `work` while no other process on this machine runs under the same name; waits for its turn.
 *
 * The lock is a listening socket: the system lets go of it however its holder ends, so there is nothing stale to clear,
 * and a waiter's connection to it closes at that very moment.
 * @throws HandoverError `interrupted` if the signal is aborted while waiting.
 */
export async function withLock<T>(
  name: string,
  options: { readonly signal?: AbortSignal; readonly onWait?: () => void },
  work: () => Promise<T>,
): Promise<T> {
  const address = lockAddress(name);
  let release = await tryHold(address);
  if (release === undefined) options.onWait?.();
  while (release === undefined) {
    await holderGone(address, options.signal);
    release = await tryHold(address);
  }
  try {
    return await work();
  } finally {
    release();
  }
}

/** On Linux a name in the abstract namespace, which no file outlives; elsewhere a socket file. */
function lockAddress(name: string): string {
  const id = `handover-${createHash('sha256').update(name).digest('hex').slice(0, 32)}`;
  return process.platform === 'linux' ? `\0${id}` : join(tmpdir(), `${id}.sock`);
}

async function tryHold(address: string): Promise<(() => void) | undefined> {
  const waiters = new Set<Socket>();
  const server = createServer((socket) => {
    waiters.add(socket);
    socket.on('close', () => waiters.delete(socket));
    // A waiter that was interrupted resets its connection, which is no concern of the holder's.
    socket.on('error', () => socket.destroy());
    socket.resume();
    socket.unref();
  });
  const listening = once(server, 'listening');
  server.listen(address);
  server.unref();
  try {
    await listening;
  } catch (error) {
    if (codeOf(error) === 'EADDRINUSE') return undefined;
    throw error;
  }
  return () => {
    server.close();
    for (const waiter of waiters) waiter.destroy();
  };
}

async function holderGone(address: string, signal: AbortSignal | undefined): Promise<void> {
  const socket = connect(address);
  socket.resume();
  try {
    await once(socket, 'close', signal === undefined ? {} : { signal });
  } catch (error) {
    if (signal?.aborted === true) throw new HandoverError('interrupted', 'Interrupted.', { cause: error });
    // Refused: nobody listens any more. A socket file whose holder has died must go before one can listen there.
    if (codeOf(error) === 'ECONNREFUSED' && !address.startsWith('\0')) rmSync(address, { force: true });
    else if (!['ECONNREFUSED', 'ENOENT', 'ECONNRESET'].includes(codeOf(error))) throw error;
  } finally {
    socket.destroy();
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
