import { execFile } from 'node:child_process';
import { access, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { HandoverError, toError } from '../src/domain/errors.js';
import { addCompanion, removeCompanion } from '../src/stack/companions.js';
import { cacheFolder } from '../src/stack/folders.js';
import { startDetached, stopProcess } from '../src/stack/processes.js';
import type { LocalStack } from '../src/stack/state.js';
import { waitUntil } from '../src/stack/wait-until.js';
import { freePorts } from '../test/support/free-port.js';
import type { Postgres } from './postgres.js';
import { describeServer, dynamicConfig, type TemporalPorts } from './temporal-config.js';

const run = promisify(execFile);

/** The last release whose server and SQL tool build from the module alone. */
const MODULE = 'go.temporal.io/server';
const VERSION = 'v1.29.1';
const READY_MS = 60_000;
const RETENTION_MS = 86_400_000;

export interface TemporalOnPostgres {
  readonly temporal: LocalStack['temporal'];
  readonly pid: number;
  stop(): Promise<void>;
}

export interface TemporalOnPostgresOptions {
  readonly instance: string;
  readonly folder: string;
  readonly postgres: Postgres | undefined;
  readonly say: (line: string) => void;
}

/**
 * Starts a Temporal server that keeps its workflows in PostgreSQL. It is built by Go on first need, which takes minutes.
 * @throws HandoverError `tool-missing` without PostgreSQL or Go
 */
export async function startTemporalOnPostgres(options: TemporalOnPostgresOptions): Promise<TemporalOnPostgres> {
  const { instance, folder, postgres, say } = options;
  if (postgres === undefined) throw missing('PostgreSQL is not installed');
  const programs = await buildPrograms(say);
  for (const [database, schema] of [
    ['temporal', 'temporal'],
    ['temporal_visibility', 'visibility'],
  ] as const) {
    await postgres.makeDatabase(database);
    const flags = ['--plugin', 'postgres12', '--ep', '127.0.0.1', '-p', String(postgres.port), '-u', 'bench'];
    const sql = (...command: string[]) => run(programs.sql, [...flags, '--db', database, ...command]);
    await sql('setup-schema', '-v', '0.0');
    await sql('update-schema', '-d', join(programs.schemas, schema, 'versioned'));
  }

  const ports = await choosePorts();
  const config = join(folder, 'temporal-config');
  await mkdir(config, { recursive: true });
  await writeFile(join(config, 'dynamic.yaml'), dynamicConfig());
  await writeFile(join(config, 'bench.yaml'), describeServer(ports, postgres.port, join(config, 'dynamic.yaml')));
  const identity = await startDetached(
    { command: programs.server, args: ['--root', folder, '--config', 'temporal-config', '--env', 'bench', 'start'] },
    { cwd: folder, log: join(folder, 'temporal.log') },
  );
  addCompanion(instance, identity);
  const address = `127.0.0.1:${ports.frontend.grpc}`;
  await waitUntil(() => makeNamespace(address), { timeoutMs: READY_MS });
  return {
    temporal: { address, namespace: 'default', ui: '' },
    pid: identity.pid,
    async stop() {
      await stopProcess(identity, 'at once');
      removeCompanion(instance, identity);
    },
  };
}

interface Programs {
  readonly server: string;
  readonly sql: string;
  /** The folder with one folder of schemas each for workflows and visibility. */
  readonly schemas: string;
}

async function buildPrograms(say: (line: string) => void): Promise<Programs> {
  const bin = join(cacheFolder(), `temporal-server-${VERSION}`);
  const go = async (...args: string[]): Promise<string> => {
    const { stdout } = await run('go', args, { env: { ...process.env, GOBIN: bin }, cwd: cacheFolder() });
    return stdout;
  };
  try {
    const { Dir } = JSON.parse(await go('mod', 'download', '-json', `${MODULE}@${VERSION}`)) as { Dir: string };
    const programs = { server: join(bin, 'server'), sql: join(bin, 'sql') };
    if (!(await exist(Object.values(programs)))) {
      say(`building ${MODULE} ${VERSION}, which takes some minutes`);
      await go('install', `${MODULE}/cmd/server@${VERSION}`, `${MODULE}/cmd/tools/sql@${VERSION}`);
    }
    return { ...programs, schemas: join(Dir, 'schema', 'postgresql', 'v12') };
  } catch (error) {
    throw missing(`Go could not build it: ${toError(error).message}`);
  }
}

async function exist(paths: readonly string[]): Promise<boolean> {
  return Promise.all(paths.map((path) => access(path))).then(
    () => true,
    () => false,
  );
}

async function choosePorts(): Promise<TemporalPorts> {
  const free = await freePorts(8);
  const pair = (nth: number) => ({ grpc: free[2 * nth] ?? 0, membership: free[2 * nth + 1] ?? 0 });
  return { frontend: pair(0), history: pair(1), matching: pair(2), worker: pair(3) };
}

async function makeNamespace(address: string): Promise<void> {
  const connection = await Connection.connect({ address });
  try {
    const known = await connection.workflowService.listNamespaces({});
    if (known.namespaces.some(({ namespaceInfo }) => namespaceInfo?.name === 'default')) {
      // Known to the database at once, to the frontend's own copy a little later.
      await connection.operatorService.listSearchAttributes({ namespace: 'default' });
      return;
    }
    await connection.workflowService.registerNamespace({
      namespace: 'default',
      workflowExecutionRetentionPeriod: msToTs(RETENTION_MS),
    });
    throw new Error('the namespace has just been made');
  } finally {
    await connection.close();
  }
}

function missing(why: string): HandoverError {
  return new HandoverError('tool-missing', `There is no Temporal server on PostgreSQL: ${why}.`, {
    hint: 'Install PostgreSQL and Go, or run with --temporal dev.',
  });
}
