import { setTimeout as pause } from 'node:timers/promises';
import type { Producer } from 'kafkajs';
import kafkajs from 'kafkajs';
import { v7 as uuidV7 } from 'uuid';
import { createKafkaPublisher } from '../../src/brokers/kafka/publisher.js';
import type { Publisher } from '../../src/brokers/publisher.js';
import { createRocketmqPublisher } from '../../src/brokers/rocketmq/publisher.js';
import type { Log } from '../../src/domain/log.js';
import { STAMPS } from '../../src/domain/message/message.js';
import type { Side } from '../../src/domain/side.js';
import type { LocalStack } from '../../src/local/stack/state.js';

export type Topics = Readonly<Record<Side, string>>;

/** To how many brokers each message goes: Kafka alone, or both, as in a migration. */
export type Mode = 'one' | 'double';

const KAFKA_BATCH = 500;
const ROCKETMQ_AT_ONCE = 64;

export function drawIds(count: number): readonly string[] {
  return Array.from({ length: count }, () => uuidV7());
}

/** The producers of a run. */
export class Publishing {
  readonly #bulk: Producer;
  readonly #publishers: Readonly<Record<Side, Publisher>>;

  private constructor(bulk: Producer, publishers: Readonly<Record<Side, Publisher>>) {
    this.#bulk = bulk;
    this.#publishers = publishers;
  }

  static async open({ kafka, rocketmq }: LocalStack, log: Log): Promise<Publishing> {
    const client = new kafkajs.Kafka({ brokers: [...kafka.brokers], logLevel: kafkajs.logLevel.NOTHING });
    const bulk = client.producer({
      allowAutoTopicCreation: false,
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    });
    await bulk.connect();
    return new Publishing(bulk, {
      kafka: createKafkaPublisher({ connection: { brokers: kafka.brokers }, log }),
      rocketmq: createRocketmqPublisher({ connection: { endpoints: rocketmq.endpoints, tls: false }, log }),
    });
  }

  /** As fast as it goes. Resolves once the brokers have all of it. */
  async flood(messageIds: readonly string[], topics: Topics, mode: Mode): Promise<void> {
    await Promise.all([
      this.#floodKafka(messageIds, topics.kafka),
      ...(mode === 'double' ? [this.#floodRocketmq(messageIds, topics.rocketmq)] : []),
    ]);
  }

  /** So many a second, evenly. Answers when each was handed to the producers, ms since the epoch. */
  async stream(
    messageIds: readonly string[],
    rate: number,
    topics: Topics,
    mode: Mode,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, number>> {
    const publishedAt = new Map<string, number>();
    const sides: readonly Side[] = mode === 'double' ? ['kafka', 'rocketmq'] : ['kafka'];
    const sending: Promise<unknown>[] = [];
    const startedAt = performance.now();
    for (const [nth, messageId] of messageIds.entries()) {
      await pause(Math.max(0, startedAt + (nth * 1_000) / rate - performance.now()), undefined, { signal });
      publishedAt.set(messageId, Date.now());
      for (const side of sides) {
        const sent = this.#publishers[side].publish(recordOf(messageId, topics[side]));
        // It may fail long before all are waited for, which must not end this process.
        sent.catch(() => undefined);
        sending.push(sent);
      }
    }
    await Promise.all(sending);
    return publishedAt;
  }

  async close(): Promise<void> {
    await Promise.all([this.#bulk.disconnect(), this.#publishers.kafka.close(), this.#publishers.rocketmq.close()]);
  }

  async #floodKafka(messageIds: readonly string[], topic: string): Promise<void> {
    for (let at = 0; at < messageIds.length; at += KAFKA_BATCH) {
      const messages = messageIds.slice(at, at + KAFKA_BATCH).map((messageId) => {
        const { properties, body } = recordOf(messageId, topic);
        return { value: body, headers: Object.fromEntries(properties) };
      });
      await this.#bulk.send({ topic, acks: -1, messages });
    }
  }

  async #floodRocketmq(messageIds: readonly string[], topic: string): Promise<void> {
    const left = messageIds.values();
    const takeOn = async (): Promise<void> => {
      for (const messageId of left) await this.#publishers.rocketmq.publish(recordOf(messageId, topic));
    };
    await Promise.all(Array.from({ length: ROCKETMQ_AT_ONCE }, takeOn));
  }
}

function recordOf(messageId: string, topic: string) {
  const body = Buffer.from(JSON.stringify({ messageId, amount: 5 }));
  return { topic, properties: new Map([[STAMPS.messageId, messageId]]), body, key: messageId };
}
