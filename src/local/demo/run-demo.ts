import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { destination, pino } from 'pino';
import { throwIfInterrupted } from '../../async/wait-until.js';
import { readConnections } from '../../config/environment/environment.js';
import { loadMigration } from '../../config/load-migration.js';
import { HandoverError, toError } from '../../domain/errors.js';
import type { Output } from '../../domain/output.js';
import type { sendPolicyChange } from '../../operations/policy/send-policy-change.js';
import type { Session } from '../../operations/session.js';
import { readChosenPorts } from '../stack/ports.js';
import { resourcesOf } from '../stack/provision/resources.js';
import { isRunning, startStack } from '../stack/start-stack.js';
import { type LocalStack, logsFolder } from '../stack/state.js';
import { stopStack } from '../stack/stop-stack.js';
import { writeDemoConfig } from './demo-config.js';
import { Fleet } from './fleet.js';
import { performRun } from './perform-run.js';
import type { Judgement } from './verdict/judge.js';
import { refuseWhileWorkersLive } from './workers-alive.js';

export interface DemoOptions {
  readonly instance: string;
  /** The config file, where one is named. */
  readonly config?: string | undefined;
  readonly messages: number;
  /** Messages a second. */
  readonly rate: number;
  readonly seed: string;
  /** Leave stack, workers and provider running. */
  readonly keep: boolean;
  readonly output: Output;
  /** Whether what is shown can be redrawn. */
  readonly redraws: boolean;
  /** How commands connect to the stack, and change the policy. */
  readonly openSession: (work: (session: Session) => Promise<Judgement>) => Promise<Judgement>;
  readonly sendPolicyChange: typeof sendPolicyChange;
  /** Aborted: everything that was started is ended again. */
  readonly signal: AbortSignal;
}

export interface DemoResult extends Judgement {
  readonly stack: LocalStack;
  /** Holds the logs of the workers and the provider's ledger. */
  readonly folder: string;
  /** Whether the stack runs on, as it was there before or is to be kept. */
  readonly stackRuns: boolean;
  /** Of the provider and the workers, where they are kept. */
  readonly pids: readonly number[];
}

/**
 * Shows a whole cutover on the local stack, which it starts if it does not run and then also ends.
 * @throws HandoverError `wrong-use` where the environment names services, or workers of the migration run already;
 *   `stack-failed` if a worker ends by itself; `interrupted`; and whatever keeps a stack or a broker from working
 */
export async function runDemo(options: DemoOptions): Promise<DemoResult> {
  const { instance, config, keep, output, signal } = options;
  refuseServicesOfOthers(process.env);
  const startedAt = performance.now();
  const migration = await loadMigration({ configPath: config, env: process.env });
  throwIfInterrupted(signal);
  const wasRunning = await isRunning(instance);
  const progress = output.progress();
  const resources = resourcesOf(migration);
  const ports = readChosenPorts({}, process.env);
  const stack = await startStack({ instance, resources, ports, signal, report: progress.set });
  progress.end();

  const run = `demo-${randomBytes(4).toString('hex')}`;
  const folder = join(logsFolder(instance), run);
  const fleet = new Fleet({ instance, folder, seed: options.seed });
  const either = AbortSignal.any([signal, fleet.failed]);
  let result: Judgement | undefined;
  try {
    await mkdir(folder, { recursive: true });
    const workerConfig = await writeDemoConfig(folder, migration);
    const log = pino({ level: 'info' }, destination({ dest: join(folder, 'demo.log'), sync: true }));
    result = await options.openSession(async (session) => {
      const { sideStatus } = await session.redis();
      await refuseWhileWorkersLive({ sideStatus, migration: migration.name, instance, signal });
      output.say('starting the provider and two workers for each side');
      await fleet.start(workerConfig, either);
      return performRun({ ...options, run, session, stack, fleet, log, startedAt, signal: either });
    });
  } catch (error) {
    throw whatEndedIt(error, signal, fleet.failed);
  } finally {
    const leave = keep && result !== undefined;
    if (!leave) await endAll({ fleet, instance, stopsStack: !wasRunning, output });
  }
  return { ...result, stack, folder, stackRuns: wasRunning || keep, pids: keep ? fleet.pids : [] };
}

/** The demo kills, floods and cuts over: nothing to be done to services that somebody has named. */
function refuseServicesOfOthers(env: NodeJS.ProcessEnv): void {
  if (readConnections(env) === undefined) return;
  throw new HandoverError('wrong-use', 'The demo runs on the local stack only, and the environment names services.', {
    hint: 'Unset TEMPORAL_*, KAFKA_BROKERS, ROCKETMQ_ENDPOINTS and REDIS_URL.',
  });
}

/** Of several errors that a cause has had, the cause. */
function whatEndedIt(error: unknown, interrupted: AbortSignal, failed: AbortSignal): Error {
  if (interrupted.aborted) return new HandoverError('interrupted', 'Interrupted.', { cause: error });
  return failed.aborted ? failed.reason : toError(error);
}

async function endAll(parts: {
  readonly fleet: Fleet;
  readonly instance: string;
  readonly stopsStack: boolean;
  readonly output: Output;
}): Promise<void> {
  const { fleet, instance, stopsStack, output } = parts;
  if (fleet.pids.length > 0) output.say('stopping the workers and the provider');
  await fleet.stop();
  if (!stopsStack) return;
  output.say('stopping the stack');
  await stopStack(instance);
}
