import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Ground } from '../ground/ground.js';
import type { Contender } from './contender.js';
import { launchScript, namesFor } from './rival.js';

const run = promisify(execFile);
const COMMAND = fileURLToPath(import.meta.resolve('@dbos-inc/dbos-sdk/internal/cli/cli'));
const DATABASE = 'dbos';

/** DBOS with its receiver for Kafka, on PostgreSQL. */
export function dbos(): Contender {
  const migration = namesFor('bench-dbos');
  return {
    name: 'dbos',
    migration,
    inTemporal: false,
    prepare: makeSchema,
    launch: (ground, side) => {
      return launchScript('dbos-worker', migration, ground, side, { postgres: ground.postgres().urlOf(DATABASE) });
    },
    metricsOf: () => undefined,
  };
}

/**
 * Makes DBOS's tables by its own command. Its workers would make them as well, but two that are started at once wait for
 * each other's locks until PostgreSQL ends one of them.
 */
async function makeSchema({ postgres, folder }: Ground): Promise<void> {
  // In a folder without any settings of DBOS.
  await run(process.execPath, [COMMAND, 'schema', postgres().urlOf(DATABASE)], { cwd: folder });
}
