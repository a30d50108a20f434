import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../network/free-port.js';

/** A redis-server of a test's own, on the loopback, with nothing on disk that outlives it. */
export interface RedisServer {
  readonly port: number;
  readonly url: string;
  /** Sends the process a signal: SIGSTOP makes it hang, SIGCONT go on. */
  signal(name: NodeJS.Signals): void;
  /** Kills it without a farewell; {@link stop} is still due. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts one, `REDIS_SERVER_PATH` or the one in the PATH, with further options as on its command line. */
export async function startRedis(options: readonly string[] = [], port?: number): Promise<RedisServer> {
  const listening = port ?? (await freePorts(1))[0] ?? 0;
  const folder = await mkdtemp(join(tmpdir(), 'handover-redis-'));
  const child = spawn(
    process.env['REDIS_SERVER_PATH'] ?? 'redis-server',
    ['--bind', '127.0.0.1', '--port', String(listening), '--dir', folder, '--save', '', ...options],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const ended = once(child, 'exit');
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGCONT');
      child.kill(signal);
    }
    await ended;
  };
  try {
    await whenReady(child);
  } catch (error) {
    await end('SIGKILL');
    throw error;
  }
  return {
    port: listening,
    url: `redis://127.0.0.1:${listening}`,
    signal: (name) => void child.kill(name),
    kill: () => end('SIGKILL'),
    async stop() {
      await end('SIGTERM');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function whenReady(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = '';
    const listen = (chunk: Buffer): void => {
      output += chunk.toString();
      if (output.includes('Ready to accept connections')) resolve();
    };
    child.stdout?.on('data', listen);
    child.stderr?.on('data', listen);
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`redis-server ended with ${code} before it was ready:\n${output}`)));
  });
}
