import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { waitUntil } from '../../async/wait-until.js';
import { HandoverError } from '../../domain/errors.js';
import { runTool, ToolFailure } from './components/run-tool.js';
import { PORT_NAMES, PORTS } from './ports.js';
import { READINESS } from './readiness.js';
import { describeStack, logsFolder, type Report, SERVICES, type StackRecord, writeRecord } from './state.js';

/** A Compose command for one instance. */
export interface ComposeCall {
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

const COMPOSE_FILE = fileURLToPath(new URL('../../../docker-compose.yml', import.meta.url));
const READY_MS = 60_000;
/** Images may have to be pulled first. */
const START_SECONDS = 600;

/** The call of `docker` for one Compose verb: a project, a set of ports and volumes of its own for each instance. */
export function composeCall({ instance, ports, persist }: StackRecord, verb: readonly string[]): ComposeCall {
  const chosen = PORT_NAMES.map((name) => [PORTS[name].variable, String(ports[name])]);
  return {
    args: ['compose', '--project-name', `handover-${instance}`, '--file', COMPOSE_FILE, ...verb],
    environment: {
      ...Object.fromEntries(chosen),
      HANDOVER_ROCKETMQ_BROKER_FAST_PORT: String(ports.broker - 2),
      HANDOVER_TEMPORAL_DB: persist ? '/data/temporal.db' : '',
    },
  };
}

/** An engine on another machine that is away may never answer. */
const ANSWER_MS = 5000;

/** Whether an engine answers and its Compose can be used. */
export async function dockerAnswers(): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(ANSWER_MS);
    await runTool('docker', ['version', '--format', '{{.Server.Version}}'], { signal });
    await runTool('docker', ['compose', 'version'], { signal });
    return true;
  } catch (error) {
    if (error instanceof ToolFailure) return false;
    if (error instanceof HandoverError && (error.code === 'tool-missing' || error.code === 'interrupted')) return false;
    throw error;
  }
}

/** Has Compose start what of the stack does not run. If this fails, stopping it is the caller's part. */
export async function startDocker(record: StackRecord, report: Report, signal?: AbortSignal): Promise<StackRecord> {
  report('stack', 'starting the services with Docker, which pulls their images if it has not yet');
  try {
    await compose(record, ['up', '--detach', '--wait', '--wait-timeout', String(START_SECONDS)], signal);
    for (const name of SERVICES) {
      const ask = (): Promise<void> => READINESS[name](describeStack(record), record.ports);
      await waitUntil(ask, { timeoutMs: READY_MS, signal });
      report(name, `${name} is up`);
    }
  } catch (cause) {
    if (signal?.aborted !== true) await keepLogs(record);
    if (cause instanceof HandoverError) throw cause;
    const hint = `What its services printed: ${join(logsFolder(record.instance), 'docker.log')}`;
    throw new HandoverError('stack-failed', 'Docker did not bring the services up.', { cause, hint });
  }
  writeRecord(record);
  return record;
}

/** Whether any container of the stack runs. */
export async function dockerIsUp(record: StackRecord): Promise<boolean> {
  return (await compose(record, ['ps', '--quiet', '--status', 'running'])).trim() !== '';
}

export async function stopDocker(record: StackRecord, report: Report): Promise<void> {
  await compose(record, ['down', ...(record.persist ? [] : ['--volumes'])]);
  report('stack', 'the containers have stopped');
}

async function keepLogs(record: StackRecord): Promise<void> {
  await mkdir(logsFolder(record.instance), { recursive: true });
  const printed = await compose(record, ['logs', '--no-color', '--tail', '100']);
  await writeFile(join(logsFolder(record.instance), 'docker.log'), printed);
}

async function compose(record: StackRecord, verb: readonly string[], signal?: AbortSignal): Promise<string> {
  const { args, environment } = composeCall(record, verb);
  return runTool('docker', args, { environment, signal });
}
