import { delimiter, join } from 'node:path';
import { HandoverError } from '../../../domain/errors.js';
import { allOrNone } from '../all-or-none.js';
import { exists, type FetchOptions, obtain } from './component-cache.js';
import { BYTEMAN, KAFKA, ROCKETMQ } from './java-components.js';
import { type BinaryComponent, binaryPath, TEMPORAL_CLI, TEMPORAL_TEST_SERVER } from './python-components.js';
import { runTool, ToolFailure } from './run-tool.js';

/** Where the programs of a native stack lie. */
export interface Programs {
  readonly temporal: string;
  readonly java: string;
  /** Folders as the projects' distributions have them, with `libs/*.jar` and `lib/*.jar`. */
  readonly kafkaHome: string;
  readonly rocketmqHome: string;
  readonly bytemanHome: string;
  readonly redisServer: string;
}

/**
 * Finds every program, fetching what is neither installed nor in the cache. `TEMPORAL_CLI_PATH`, `KAFKA_HOME`,
 * `ROCKETMQ_HOME` and `REDIS_SERVER_PATH` name installed ones.
 * @throws HandoverError `tool-missing`, `fetch-failed` or `interrupted`
 */
export async function findPrograms({ signal, report }: FetchOptions = {}): Promise<Programs> {
  const java = await findJava(signal);
  const fetched = await allOrNone(
    {
      temporal: (either) => temporalCli({ signal: either, report }),
      kafkaHome: (either) => named('KAFKA_HOME', () => obtain(KAFKA, { signal: either, report })),
      rocketmqHome: (either) => named('ROCKETMQ_HOME', () => obtain(ROCKETMQ, { signal: either, report })),
      bytemanHome: (either) => obtain(BYTEMAN, { signal: either, report }),
      redisServer: (either) => named('REDIS_SERVER_PATH', () => findRedis({ signal: either, report })),
    },
    signal,
  );
  return { java, ...fetched };
}

/** The path of the `temporal` binary: `TEMPORAL_CLI_PATH`, or fetched. */
export function temporalCli(options: FetchOptions = {}): Promise<string> {
  return named('TEMPORAL_CLI_PATH', () => obtainBinary(TEMPORAL_CLI, options));
}

/** The path of the time-skipping test server, for tests: `TEMPORAL_TEST_SERVER_PATH`, or fetched. */
export function temporalTestServer(options: FetchOptions = {}): Promise<string> {
  return named('TEMPORAL_TEST_SERVER_PATH', () => obtainBinary(TEMPORAL_TEST_SERVER, options));
}

async function obtainBinary(component: BinaryComponent, options: FetchOptions): Promise<string> {
  return binaryPath(await obtain(component, options), component);
}

/** What the variable names, which must be there; what `otherwise` finds if it is not set. */
async function named(variable: string, otherwise: () => Promise<string>): Promise<string> {
  const path = process.env[variable];
  if (path === undefined || path === '') return otherwise();
  if (await exists(path)) return path;
  throw new HandoverError('tool-missing', `${variable} names ${path}, which is not there.`, {
    hint: `Mend ${variable}, or unset it to have what it stands for fetched.`,
  });
}

/** Kafka 4 brokers need it. */
const JAVA_AT_LEAST = 17;

async function findJava(signal: AbortSignal | undefined): Promise<string> {
  const home = process.env['JAVA_HOME'];
  const java = home === undefined || home === '' ? 'java' : join(home, 'bin', 'java');
  const hint = 'Install it (Debian: apt-get install openjdk-17-jre-headless) and have it on PATH or at JAVA_HOME.';
  const missing = { message: `Java ${JAVA_AT_LEAST} or newer is needed for Kafka and RocketMQ; none was found.`, hint };
  const printed = await runTool(java, ['-version'], { signal, missing });
  const version = Number(/version "(\d+)/.exec(printed)?.[1]);
  if (version >= JAVA_AT_LEAST) return java;
  throw new HandoverError(
    'tool-missing',
    `Kafka needs Java ${JAVA_AT_LEAST} or newer; ${java} is ${printed.split('\n')[0]}.`,
    {
      hint,
    },
  );
}

async function findRedis({ signal, report }: FetchOptions): Promise<string> {
  const installed = await findOnPath('redis-server');
  if (installed !== undefined) return installed;
  const hint = 'Install it (Debian: apt-get install redis-server), or let REDIS_SERVER_PATH name it.';
  if (process.getuid?.() !== 0 || (await findOnPath('apt-get')) === undefined) {
    throw new HandoverError('tool-missing', 'redis-server was not found.', { hint });
  }
  report?.('installing redis-server with apt-get (once)');
  await installRedis(signal, hint);
  const fresh = await findOnPath('redis-server');
  if (fresh !== undefined) return fresh;
  throw new HandoverError('fetch-failed', 'apt-get has installed redis-server, but it is not on PATH.', { hint });
}

async function installRedis(signal: AbortSignal | undefined, hint: string): Promise<void> {
  // In run level 1 the package does not start a Redis of its own, which would sit on the usual port.
  const environment = { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const install = ['install', '--yes', '--no-install-recommends', 'redis-server'];
  try {
    try {
      await runTool('apt-get', install, { signal, environment });
    } catch (error) {
      if (!(error instanceof ToolFailure)) throw error;
      // A machine fresh from its image has no package lists.
      await runTool('apt-get', ['update'], { signal, environment });
      await runTool('apt-get', install, { signal, environment });
    }
  } catch (error) {
    if (!(error instanceof ToolFailure)) throw error;
    const message = `redis-server could not be installed: ${error.printed.split('\n').slice(-2).join(' ')}`;
    throw new HandoverError('fetch-failed', message, { cause: error, hint });
  }
}

async function findOnPath(program: string): Promise<string | undefined> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    if (folder !== '' && (await exists(join(folder, program)))) return join(folder, program);
  }
  return undefined;
}
