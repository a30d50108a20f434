import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MigrationOptions } from '../../config/define-migration.js';
import type { Migration } from '../../config/migration.js';

/**
 * The migration in force as the demo's workers run it: the same names, so that every other command speaks of the same
 * messages, with the simulator in the place of the provider. It is given 3 s to answer, so that a call that hangs is
 * parked while one watches. How stamps are read and what a body may be is left at the documented defaults, as that is
 * what the demo publishes.
 */
export function demoOptions(migration: Migration): MigrationOptions {
  const { name, topics, cutoverKey, settledLifetimeMs } = migration;
  return {
    migration: name,
    topics,
    cutoverKey,
    settledLifetime: settledLifetimeMs,
    provider: { connectTimeout: 1_000, timeout: 3_000 },
    settlesWithin: 5_000,
  };
}

/** Writes a config file for `handover worker --config` into the folder; answers its path. */
export async function writeDemoConfig(folder: string, migration: Migration): Promise<string> {
  const path = join(folder, 'handover.config.mjs');
  await writeFile(path, `export default ${JSON.stringify(demoOptions(migration), undefined, 2)};\n`);
  return path;
}
