import type { Client } from '@temporalio/client';
import { readTopicRetention } from '../brokers/kafka-admin.js';
import type { Connections } from '../config/connections.js';
import type { Migration } from '../config/migration.js';
import { HandoverError, toError } from '../domain/errors.js';
import type { Log } from '../domain/log.js';
import { findForgetful, type Retention } from '../domain/retention.js';
import type { Side } from '../domain/side.js';
import { readTemporalRetention } from './temporal-retention.js';

export interface RetentionCheck {
  /** The side whose broker is asked. RocketMQ's proxy does not tell for how long its messages are kept. */
  readonly side: Side;
  readonly migration: Migration;
  readonly connections: Connections;
  readonly client: Client;
  readonly log: Log;
}

/** How long Kafka may take to tell, in ms. */
const PATIENCE_MS = 5_000;

/**
 * Looks whether the ledger remembers for longer than Kafka and Temporal do. What cannot be read is logged, and is no
 * reason not to start.
 * @throws HandoverError `config-invalid` where it does not
 */
export async function checkRetention(check: RetentionCheck): Promise<void> {
  const { side, migration, log } = check;
  if (migration.acceptLongerRetention) return;
  const asked = [readTemporal(check), ...(side === 'kafka' ? [readKafka(check)] : [])];
  const known: Retention[] = [];
  for (const answer of await Promise.allSettled(asked)) {
    if (answer.status === 'fulfilled') known.push(answer.value);
    else log.warn({ error: toError(answer.reason).message }, 'it could not be compared with settledLifetime');
  }
  const faults = findForgetful(migration.settledLifetimeMs, known);
  if (faults.length === 0) return;
  throw new HandoverError('config-invalid', `The ledger would forget too early. ${faults.join('. ')}.`, {
    hint: 'Or set acceptLongerRetention: true: what comes back after the ledger has forgotten it is then dead-lettered as too-old.',
  });
}

async function readKafka({ migration, connections, log }: RetentionCheck): Promise<Retention> {
  const topic = migration.topics.kafka;
  const keepsMs = await inTime(readTopicRetention(connections.kafka, { topic, log }));
  return { who: `Kafka keeps the messages of topic '${topic}'`, keepsMs, setting: "the topic's retention.ms" };
}

/** kafkajs waits for half a minute on a broker that has gone silent, and the rewards of this side would wait with it. */
async function inTime<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Kafka gave no answer within ${PATIENCE_MS} ms`)), PATIENCE_MS);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function readTemporal({ client, connections }: RetentionCheck): Promise<Retention> {
  const { namespace } = connections.temporal;
  const keepsMs = await readTemporalRetention(client);
  const who = `Temporal keeps the closed workflows of namespace '${namespace}'`;
  return { who, keepsMs, setting: "the namespace's retention" };
}
