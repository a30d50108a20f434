import kafkajs, { type Kafka, type KafkaMessage } from 'kafkajs';
import { HandoverError, toError } from '../../domain/errors.js';
import type { Log } from '../../domain/log.js';
import type { KafkaPlace } from '../../domain/message/lost-delivery.js';
import type { KafkaConnection } from '../connections.js';
import type { Copies, CopyReading } from '../source.js';
import { readCommitted, readEnds } from './admin.js';
import { createKafkaClient } from './client.js';
import { kafkaDelivery } from './delivery.js';

/** The parts of kafkajs 2.2.4 below its consumer: what it fetches with, without a group. */
interface KafkajsCluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  addTargetTopic(topic: string): Promise<void>;
  /** Partitions by the ID of the broker that leads them; what does not exist is left out. */
  findLeaderForPartitions(topic: string, partitions: readonly number[]): Readonly<Record<string, readonly number[]>>;
  findBroker(node: { readonly nodeId: string }): Promise<{ fetch(request: unknown): Promise<KafkajsFetched> }>;
}

interface KafkajsFetched {
  readonly responses: readonly { readonly partitions: readonly { readonly messages: readonly KafkaMessage[] }[] }[];
}

type CreateCluster = (options: { readonly allowAutoTopicCreation: boolean }) => KafkajsCluster;

/** Read committed: what a transaction has taken back was never delivered. */
const READ_COMMITTED = 1;
/** A broker that has the record answers at once; one that waits for more to come has it no more. */
const MAX_WAIT_MS = 500;

export interface KafkaCopiesOptions {
  readonly connection: KafkaConnection;
  readonly topic: string;
  readonly group: string;
  readonly log: Log;
}

/** Copies on Kafka. Connects for each question, as they are rare. */
export function createKafkaCopies({ connection, topic, group, log }: KafkaCopiesOptions): Copies {
  return {
    committed: () => readCommitted(connection, { topic, group, log }),

    ends: () => readEnds(connection, { topic, log }),

    async read(places) {
      const cluster = clusterOf(createKafkaClient(connection, log, { retries: 1 }));
      try {
        await cluster.connect();
        await cluster.addTargetTopic(topic);
        const readings: CopyReading[] = [];
        for (const place of places) readings.push(await readAt(cluster, place));
        return readings;
      } catch (cause) {
        if (typeOf(cause) === 'UNKNOWN_TOPIC_OR_PARTITION') return places.map(() => ({ gone: `there is no ${topic}` }));
        const { message } = toError(cause);
        throw new HandoverError('broker-unavailable', `Kafka does not give records of ${topic}: ${message}`, { cause });
      } finally {
        await cluster.disconnect().catch((err: unknown) => log.debug({ err }, 'the Kafka client did not close well'));
      }
    },
  };
}

async function readAt(cluster: KafkajsCluster, { topic, partition, offset }: KafkaPlace): Promise<CopyReading> {
  const [nodeId] = Object.keys(cluster.findLeaderForPartitions(topic, [partition]));
  if (nodeId === undefined) return { gone: `${topic} has no partition ${partition}` };
  let messages: readonly KafkaMessage[];
  try {
    const broker = await cluster.findBroker({ nodeId });
    // A broker gives at least one whole batch, however small a maximum is asked for.
    const partitions = [{ partition, fetchOffset: String(offset), maxBytes: 1 }];
    const { responses } = await broker.fetch({
      replicaId: -1,
      isolationLevel: READ_COMMITTED,
      maxWaitTime: MAX_WAIT_MS,
      minBytes: 1,
      maxBytes: 1,
      topics: [{ topic, partitions }],
    });
    messages = responses[0]?.partitions[0]?.messages ?? [];
  } catch (error) {
    if (typeOf(error) === 'OFFSET_OUT_OF_RANGE') return { gone: 'the broker has deleted it' };
    // The broker answered, and what it sent cannot be read: asking again would not change that.
    if (!(error instanceof kafkajs.KafkaJSError)) return { gone: `it cannot be read: ${toError(error).message}` };
    throw error;
  }
  const found = messages.find((message) => BigInt(message.offset) === offset && !isControl(message));
  if (found === undefined) return { gone: 'the broker has it no more' };
  return { delivery: kafkaDelivery(topic, partition, found, Date.now()) };
}

/** kafkajs leaves them out of a consumer's batches only, and where a record is gone one stands in its place. */
function isControl(message: KafkaMessage & { readonly isControlRecord?: boolean }): boolean {
  return message.isControlRecord === true;
}

/** The error code of the protocol, where the error is one that a broker has answered. */
function typeOf(error: unknown): string | undefined {
  return error instanceof kafkajs.KafkaJSProtocolError ? error.type : undefined;
}

/** kafkajs keeps what makes its connections to itself. The symbol is looked up, so that connection and login are made as everywhere. */
function clusterOf(kafka: Kafka): KafkajsCluster {
  const key = Object.getOwnPropertySymbols(kafka).find(
    ({ description }) => description === 'private:Kafka:createCluster',
  );
  const create = key && (kafka as unknown as Record<symbol, CreateCluster | undefined>)[key];
  if (create === undefined) throw new TypeError('this kafkajs does not make clusters as 2.2.4 does');
  return create({ allowAutoTopicCreation: false });
}
