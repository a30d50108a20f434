import { createKafkaSource } from '../../src/brokers/kafka/source.js';
import { createRocketmqSource } from '../../src/brokers/rocketmq/source.js';
import type { Source } from '../../src/brokers/source.js';
import type { Log } from '../../src/domain/log.js';
import type { Side } from '../../src/domain/side.js';

/** What a worker of a rival is started with: one JSON text, its only argument. */
export interface WorkerSettings {
  readonly side: Side;
  /** Topic on the side's broker; the consumer group is `handover-<topic>`, as the stack has made it. */
  readonly topic: string;
  readonly group: string;
  readonly kafka: readonly string[];
  readonly rocketmq: string;
  readonly redis: string;
  readonly temporal: { readonly address: string; readonly namespace: string };
  /** Of the database that DBOS keeps its workflows in, where there is one. */
  readonly postgres?: string;
  readonly rewardUrl: string;
  /** Of `bare`: the reward is a local activity. */
  readonly inline?: boolean;
  /** Instead of asking for a reward, the moment is appended to this file, as the provider would. */
  readonly floorFile?: string;
}

/** In-flight deliveries of one process: the default of handover, so that all have the same. */
export const IN_FLIGHT = 32;

export function readSettings(): WorkerSettings {
  const [, , text] = process.argv;
  if (text === undefined) throw new Error('started without settings');
  return JSON.parse(text) as WorkerSettings;
}

/** The same consumer that handover has, so that what is compared is what stands behind it. */
export function openSource({ side, topic, group, kafka, rocketmq }: WorkerSettings): Source {
  return side === 'kafka'
    ? createKafkaSource({ connection: { brokers: kafka }, topic, group, log: QUIET })
    : createRocketmqSource({ connection: { endpoints: rocketmq, tls: false }, topic, group, log: QUIET });
}

/** Says that it consumes; `metrics`: where Temporal's core counts its requests. Resolves when it is to stop. */
export function untilStopped(metrics?: string): Promise<void> {
  process.stdout.write(`${JSON.stringify({ ready: true, metrics })}\n`);
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}

const warn = (fields: object, text: string): void => void process.stderr.write(`${text} ${JSON.stringify(fields)}\n`);

export const QUIET: Log = { debug: () => undefined, info: () => undefined, warn, error: warn };
