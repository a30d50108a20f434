import { setTimeout as pause } from 'node:timers/promises';
import { Command, InvalidArgumentError } from 'commander';
import { secrets } from '../../config/secrets.js';
import type { Output } from '../../domain/output.js';
import { isSide, type Side } from '../../domain/side.js';
import { DEFAULT_INSTANCE } from '../../local/stack/folders.js';
import type { SideWorker } from '../../workers/side-worker.js';
import { interruptible } from '../interruptible.js';
import { createOutput } from '../output.js';
import { watchStarter } from '../starter-watch.js';

const EXAMPLES = `
Examples:
  $ REWARD_URL=https://rewards.example/grant handover worker --side kafka
  $ handover worker --side rocketmq --config ./handover.config.ts --http 0.0.0.0:9464
  $ handover worker --side kafka --no-intake     the rewards of a side whose consumer is gone

SIGTERM or Ctrl-C: it stops to consume, finishes what is in flight, and ends with exit code 0 within limits.shutdown
(30 s). A second one hurries. What is cut off is logged. npx passes signals on to nobody: a worker that it started
ends in the same way once that npx has gone, but start node itself where signals matter.
Serves /healthz, /readyz and /metrics. Logs are JSON lines on standard error (HANDOVER_LOG_LEVEL, default info).`;

interface WorkerFlags {
  readonly side: Side;
  readonly intake: boolean;
  readonly http: { readonly host: string; readonly port: number };
  readonly instance?: string;
  readonly config?: string;
  readonly json?: boolean;
  readonly detached?: boolean;
}

/** How often readiness is looked at until the process is ready, in ms. */
const LOOK_EVERY_MS = 100;

export function workerCommand(): Command {
  return new Command('worker')
    .description('Consume one side and perform the rewards that it owns.')
    .requiredOption('--side <side>', 'kafka or rocketmq', readSide)
    .option('--no-intake', 'perform rewards and run workflows, but consume nothing')
    .option('--http <host:port>', 'where /healthz, /readyz and /metrics are served; port 0: any', readAddress, {
      host: '127.0.0.1',
      port: 0,
    })
    .option('--instance <name>', `which local stack (default: "${DEFAULT_INSTANCE}")`)
    .option('--config <file>', 'the migration, else ./handover.config.ts, else the defaults')
    .option('--detached', 'go on when the npm or npx that started it has gone')
    .option('--json', 'print {"ready":true,...} as one line of JSON when ready')
    .addHelpText('after', EXAMPLES)
    .action(work);
}

async function work(flags: WorkerFlags): Promise<void> {
  const output = createOutput(flags);
  const [{ loadMigration }, { findConnections }, { providerOf }] = await Promise.all([
    import('../../config/load-migration.js'),
    import('../find-connections.js'),
    import('../../config/migration.js'),
  ]);
  const migration = await loadMigration({
    env: process.env,
    ...(flags.config !== undefined && { configPath: flags.config }),
  });
  const connections = findConnections(flags.instance, process.env);
  // Asked before anything is opened.
  providerOf(migration);

  const [{ createLogger }, { installTemporalRuntime }, { startSideWorker }] = await Promise.all([
    import('../../workers/logging.js'),
    import('../../workers/temporal/temporal-runtime.js'),
    import('../../workers/side-worker.js'),
  ]);
  const log = createLogger(process.env['HANDOVER_LOG_LEVEL'] ?? 'info', (text) => secrets.redact(text));
  const runtime = await installTemporalRuntime(log);
  const { side, http, intake, detached = false } = flags;
  try {
    await interruptible(async (signal, { hurry, interrupt }) => {
      if (!detached) watchStarter({ env: process.env, onGone: () => interrupt('The npm that started it has gone.') });
      const parts = { migration, connections, consumes: intake, temporalMetricsUrl: runtime.metricsUrl, log, signal };
      await serve(() => startSideWorker({ side, http, ...parts }), { flags, output, signal, hurry });
    });
  } finally {
    await runtime.close();
  }
}

interface Serving {
  readonly flags: WorkerFlags;
  readonly output: Output;
  readonly signal: AbortSignal;
  readonly hurry: AbortSignal;
}

/** Starts a worker and keeps it until it is told to stop, which is no failure, or one of its parts dies. */
async function serve(start: () => Promise<SideWorker>, { flags, output, signal, hurry }: Serving): Promise<void> {
  // Made first: an abort during the start is told to no listener that comes later.
  const stopped = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  const worker = await start().catch((error: unknown) => {
    if (signal.aborted) return undefined;
    throw error;
  });
  if (worker === undefined) return;
  hurry.addEventListener('abort', () => worker.hurry(), { once: true });
  try {
    const ready = untilReady(worker, signal);
    await Promise.race([ready, worker.running, stopped]);
    if (!signal.aborted) {
      output.result({ ready: true, side: flags.side, http: worker.http }, () => [
        `${flags.side} is ready; http://${worker.http}/readyz`,
      ]);
    }
    await Promise.race([worker.running, stopped]);
  } finally {
    await worker.stop();
  }
}

async function untilReady(worker: SideWorker, signal: AbortSignal): Promise<void> {
  while (worker.reasons().length > 0 && !signal.aborted) await pause(LOOK_EVERY_MS);
}

function readSide(text: string): Side {
  if (!isSide(text)) throw new InvalidArgumentError('It is kafka or rocketmq.');
  return text;
}

function readAddress(text: string): { host: string; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined || port > 65_535) throw new InvalidArgumentError('It is HOST:PORT, as in 127.0.0.1:9464.');
  return { host, port };
}
