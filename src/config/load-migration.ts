import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { createJiti } from 'jiti';
import { HandoverError, toError } from '../domain/errors.js';
import { checkMigration } from './check-migration.js';
import type { Environment } from './environment/variables.js';
import type { Migration } from './migration.js';
import { isRecord } from './schema-parts.js';
import { secrets } from './secrets.js';

/** Names under which a config file is found without `--config`, in the folder in which the command runs. */
const FILE_NAMES = ['handover.config.ts', 'handover.config.js', 'handover.config.mjs'];

export interface LoadMigrationOptions {
  /** The file named by `--config`. */
  readonly configPath?: string | undefined;
  readonly env: Environment;
  /** Default: the process's working directory. */
  readonly cwd?: string;
}

/**
 * Loads and checks the migration in force: the config file's, or the defaults where there is none. REWARD_URL goes before
 * the file's URL.
 *
 * @throws HandoverError `config-invalid` if the file cannot be found or loaded, or has faults: all of them at once.
 */
export async function loadMigration({
  configPath,
  env,
  cwd = process.cwd(),
}: LoadMigrationOptions): Promise<Migration> {
  const path = findConfig(configPath, cwd);
  if (path === undefined) return checkMigration({}, env, 'The environment');
  return checkMigration(await loadOptions(path), env, path);
}

function findConfig(configPath: string | undefined, cwd: string): string | undefined {
  if (configPath === undefined) return FILE_NAMES.map((name) => resolve(cwd, name)).find((path) => existsSync(path));
  const path = resolve(cwd, configPath);
  if (existsSync(path)) return path;
  throw new HandoverError('config-invalid', `There is no config file ${path}`, {
    hint: 'Check the path after --config.',
  });
}

async function loadOptions(path: string): Promise<unknown> {
  // The config's own `import ... from 'handover'` gets this very copy of handover, run from source or built, installed or not.
  const jiti = createJiti(import.meta.url, {
    virtualModules: { handover: await import('../index.js') },
    interopDefault: false,
    moduleCache: false,
    fsCache: false,
  });
  let loaded: unknown;
  try {
    loaded = await jiti.import(path);
  } catch (error) {
    // The rest of such a message quotes the file, which may hold secrets.
    const firstLine = toError(error).message.split('\n')[0] ?? '';
    throw new HandoverError('config-invalid', secrets.redact(`${path} could not be loaded: ${firstLine}`), {
      cause: error,
      hint: 'Mend the config file; nothing has been started.',
    });
  }
  if (isRecord(loaded) && isRecord(loaded['default'])) return loaded['default'];
  throw new HandoverError('config-invalid', `${path} has no default export`, {
    hint: 'End it with: export default defineMigration({ ... });',
  });
}
