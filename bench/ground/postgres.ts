import { execFile } from 'node:child_process';
import { chown, mkdir, readdir, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { waitUntil } from '../../src/async/wait-until.js';
import { HandoverError } from '../../src/domain/errors.js';
import { addCompanion, removeCompanion } from '../../src/local/stack/processes/companions.js';
import { identify } from '../../src/local/stack/processes/process-identity.js';
import { startDetached, stopProcess } from '../../src/local/stack/processes/processes.js';
import { freePorts } from '../../test/support/network/free-port.js';

const run = promisify(execFile);
const READY_MS = 30_000;

export interface Postgres {
  readonly pid: number;
  readonly port: number;
  /** Makes the database on first need of it. */
  makeDatabase(name: string): Promise<void>;
  urlOf(database: string): string;
  stop(): Promise<void>;
}

/**
 * Starts a PostgreSQL server of our own in this folder.
 * @throws HandoverError `tool-missing` where the machine has none installed
 */
export async function startPostgres(instance: string, parent: string): Promise<Postgres> {
  const programs = await findPostgres();
  // It refuses to run as root, and Debian's package has made a user for it.
  const user = process.getuid?.() === 0 ? await postgresUser() : undefined;
  const as = (command: readonly string[]): readonly [string, ...string[]] =>
    user === undefined
      ? (command as [string, ...string[]])
      : ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups', ...command];
  const tool = async (...command: string[]): Promise<void> => {
    const [program, ...args] = as(command);
    await run(program, args, { cwd: '/' });
  };
  // A folder that the other user may reach, whatever lies above ours.
  const folder = user === undefined ? join(parent, 'postgres') : `/tmp/handover-bench-postgres-${process.pid}`;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  if (user !== undefined) await chown(folder, Number(user), Number(user));

  const [port = 0] = await freePorts(1);
  await tool(join(programs, 'initdb'), '-D', join(folder, 'data'), '-U', 'bench', '-A', 'trust', '-E', 'UTF8');
  const [command, ...args] = as([
    join(programs, 'postgres'),
    ...['-D', join(folder, 'data'), '-p', String(port), '-k', folder],
    ...['-c', 'listen_addresses=127.0.0.1', '-c', 'max_connections=200', '-c', 'shared_buffers=256MB'],
  ]);
  const identity = await startDetached({ command, args }, { cwd: '/', log: join(parent, 'postgres.log') });
  addCompanion(instance, identity);
  const psql = (sql: string): Promise<unknown> =>
    run(join(programs, 'psql'), ['-h', '127.0.0.1', '-p', String(port), '-U', 'bench', '-d', 'postgres', '-c', sql]);
  await waitUntil(() => psql('SELECT 1'), { timeoutMs: READY_MS });
  // `setpriv` has become the server, which keeps its pid.
  const running = identify(identity.pid) ?? identity;
  return {
    pid: running.pid,
    port,
    async makeDatabase(name) {
      await psql(`CREATE DATABASE ${name}`);
    },
    urlOf: (database) => `postgresql://bench@127.0.0.1:${port}/${database}`,
    async stop() {
      await stopProcess(running, 'at once');
      removeCompanion(instance, identity);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/**
 * The folder with `initdb` and `postgres`.
 * @throws HandoverError `tool-missing` where there is none
 */
export async function findPostgres(): Promise<string> {
  const versions = await list('/usr/lib/postgresql');
  const debian = versions.sort((a, b) => Number(b) - Number(a)).map((version) => `/usr/lib/postgresql/${version}/bin`);
  for (const folder of [...debian, ...(process.env['PATH'] ?? '').split(delimiter)]) {
    const names = await list(folder);
    if (names.includes('initdb') && names.includes('postgres') && names.includes('psql')) return folder;
  }
  throw new HandoverError('tool-missing', 'PostgreSQL is not installed.');
}

async function list(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

async function postgresUser(): Promise<string> {
  const { stdout } = await run('id', ['-u', 'postgres']);
  return stdout.trim();
}
