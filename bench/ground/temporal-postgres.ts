import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { waitUntil } from '../../src/async/wait-until.js';
import { HandoverError, toError } from '../../src/domain/errors.js';
import { addCompanion, removeCompanion } from '../../src/local/stack/processes/companions.js';
import { isAlive } from '../../src/local/stack/processes/process-identity.js';
import { startDetached, stopProcess } from '../../src/local/stack/processes/processes.js';
import type { LocalStack } from '../../src/local/stack/state.js';
import { lowPorts } from './low-ports.js';
import type { Postgres } from './postgres.js';
import { describeServer, dynamicConfig, type TemporalPorts } from './temporal-config.js';
import type { TemporalPrograms } from './temporal-programs.js';

const run = promisify(execFile);

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
  readonly postgres: Postgres;
  readonly programs: TemporalPrograms;
  readonly signal: AbortSignal;
}

/**
 * Starts a Temporal server that keeps its workflows in PostgreSQL.
 * @throws HandoverError `stack-failed` where it does not come up
 */
export async function startTemporalOnPostgres(options: TemporalOnPostgresOptions): Promise<TemporalOnPostgres> {
  const { instance, folder, postgres, programs, signal } = options;
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
  const log = join(folder, 'temporal.log');
  const identity = await startDetached(
    { command: programs.server, args: ['--root', folder, '--config', 'temporal-config', '--env', 'bench', 'start'] },
    { cwd: folder, log },
  );
  addCompanion(instance, identity);
  const address = `127.0.0.1:${ports.frontend.grpc}`;
  try {
    const comeUp = async (): Promise<boolean> => isAlive(identity) && (await makeNamespace(address));
    const isUp = await waitUntil(comeUp, { timeoutMs: READY_MS, signal });
    if (!isUp) throw new Error('it has ended');
  } catch (cause) {
    signal.throwIfAborted();
    const reason = toError(cause).message;
    throw new HandoverError('stack-failed', `The Temporal server on PostgreSQL has not come up: ${reason}.`, {
      cause,
      hint: `Its log: ${log}`,
    });
  }
  return {
    temporal: { address, namespace: 'default', ui: '' },
    pid: identity.pid,
    async stop() {
      await stopProcess(identity, 'at once');
      removeCompanion(instance, identity);
    },
  };
}

async function choosePorts(): Promise<TemporalPorts> {
  // The server's tables have a number of 16 bits for them, with a sign.
  const free = await lowPorts(8);
  const pair = (nth: number) => ({ grpc: free[2 * nth] ?? 0, membership: free[2 * nth + 1] ?? 0 });
  return { frontend: pair(0), history: pair(1), matching: pair(2), worker: pair(3) };
}

/** Answers once it is there. @throws until then */
async function makeNamespace(address: string): Promise<true> {
  const connection = await Connection.connect({ address });
  try {
    const known = await connection.workflowService.listNamespaces({});
    if (known.namespaces.some(({ namespaceInfo }) => namespaceInfo?.name === 'default')) {
      // Known to the database at once, to the frontend's own copy a little later.
      await connection.operatorService.listSearchAttributes({ namespace: 'default' });
      return true;
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
