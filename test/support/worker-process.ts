import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Side } from '../../src/domain/side.js';
import type { LocalStack } from '../../src/local/stack/state.js';
import { BUILT_COMMAND } from './build.js';

/** A worker as a real process of its own, so that it can be killed as a machine kills one. */
export interface WorkerProcess {
  readonly side: Side;
  readonly http: string;
  /** SIGKILL: nothing is finished, nothing is said. */
  kill(): Promise<void>;
  /** SIGTERM, and its exit code. */
  stop(): Promise<number | null>;
  signal(name: NodeJS.Signals): void;
  /** What it has logged so far. */
  log(): string;
}

export async function startWorkerProcess(
  stack: LocalStack,
  side: Side,
  configPath: string,
  environment: Record<string, string> = {},
  flags: readonly string[] = [],
): Promise<WorkerProcess> {
  const args = [BUILT_COMMAND, 'worker', '--side', side, '--config', configPath, '--json', ...flags];
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...serviceVariables(stack), ...environment },
  });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  const ended = once(child, 'exit') as Promise<[number | null]>;
  const firstLine = once(createInterface({ input: child.stdout }), 'line') as Promise<[string]>;
  const first = await Promise.race([firstLine, ended.then(([code]) => code)]);
  if (!Array.isArray(first))
    throw new Error(`the ${side} worker ended with ${first} before it was ready:\n${log.slice(-2_000)}`);
  const { http } = JSON.parse(first[0]) as { http: string };
  return {
    side,
    http,
    kill: () => end(child, 'SIGKILL', ended).then(() => undefined),
    stop: () => end(child, 'SIGTERM', ended),
    signal: (name) => child.kill(name),
    log: () => log,
  };
}

/** The documented variables that lead a process to these services. */
export function serviceVariables({ temporal, kafka, rocketmq, redis }: LocalStack): Record<string, string> {
  return {
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_NAMESPACE: temporal.namespace,
    KAFKA_BROKERS: kafka.brokers.join(','),
    ROCKETMQ_ENDPOINTS: rocketmq.endpoints,
    REDIS_URL: redis.url,
  };
}

async function end(
  child: ChildProcess,
  signal: NodeJS.Signals,
  ended: Promise<[number | null]>,
): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) child.kill(signal);
  const [code] = await ended;
  return code;
}
