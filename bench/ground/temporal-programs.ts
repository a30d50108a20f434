import { execFile } from 'node:child_process';
import { access, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { HandoverError, toError } from '../../src/domain/errors.js';
import { cacheFolder } from '../../src/local/stack/folders.js';
import { reasonOf } from '../attempts.js';
import { findPostgres } from './postgres.js';

const run = promisify(execFile);

/** The last release whose server and SQL tool build from the module alone. */
const MODULE = 'go.temporal.io/server';
const VERSION = 'v1.29.1';

/** What a Temporal server on PostgreSQL is made with. */
export interface TemporalPrograms {
  readonly server: string;
  readonly sql: string;
  /** The folder with one folder of schemas each for workflows and visibility. */
  readonly schemas: string;
}

/**
 * Has Go build them on first need, which takes minutes; what it has built is kept.
 * @throws HandoverError `tool-missing` without PostgreSQL or Go
 */
export async function findTemporalPrograms(
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<TemporalPrograms> {
  const bin = join(cacheFolder(), `temporal-server-${VERSION}`);
  const go = async (...args: string[]): Promise<string> => {
    const { stdout } = await run('go', args, { env: { ...process.env, GOBIN: bin }, cwd: bin, signal });
    return stdout;
  };
  try {
    await findPostgres();
    await mkdir(bin, { recursive: true });
    const { Dir } = JSON.parse(await go('mod', 'download', '-json', `${MODULE}@${VERSION}`)) as { Dir: string };
    const programs = { server: join(bin, 'server'), sql: join(bin, 'sql') };
    if (!(await exist(Object.values(programs)))) {
      say(`building ${MODULE} ${VERSION}, which takes some minutes`);
      await go('install', `${MODULE}/cmd/server@${VERSION}`, `${MODULE}/cmd/tools/sql@${VERSION}`);
    }
    return { ...programs, schemas: join(Dir, 'schema', 'postgresql', 'v12') };
  } catch (cause) {
    signal.throwIfAborted();
    throw new HandoverError('tool-missing', `There is no Temporal server on PostgreSQL: ${describe(cause)}`, {
      cause,
      hint: 'Install PostgreSQL and Go, or run with --temporal dev.',
    });
  }
}

function describe(cause: unknown): string {
  const error = toError(cause);
  if ('code' in error && error.code === 'ENOENT') return 'Go is not installed.';
  return error instanceof HandoverError ? error.message : `Go could not build it.\n${reasonOf(error)}`;
}

async function exist(paths: readonly string[]): Promise<boolean> {
  return Promise.all(paths.map((path) => access(path))).then(
    () => true,
    () => false,
  );
}
