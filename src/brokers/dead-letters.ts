import { HandoverError } from '../domain/errors.js';
import type { Log } from '../domain/log.js';
import type { DeadLetterReason } from '../domain/message/message.js';
import type { KafkaConnection, RocketmqConnection } from './connections.js';
import { deadLetterRecord, type RecordLimits } from './dead-letter-record.js';
import { createKafkaPublisher } from './kafka/publisher.js';
import type { Publisher } from './publisher.js';
import { createRocketmqPublisher } from './rocketmq/publisher.js';
import type { DeadLetters, Delivery } from './source.js';

export interface DeadLettersOptions<Connection> {
  readonly connection: Connection;
  /** The dead-letter topic. */
  readonly topic: string;
  readonly log: Log;
}

/** Kafka's limit is one on the whole record, and the topic's own: it is found out by trying. */
const KAFKA_LIMITS: RecordLimits = {
  properties: Number.POSITIVE_INFINITY,
  propertyBytes: Number.POSITIVE_INFINITY,
  bodyBytes: Number.POSITIVE_INFINITY,
  strict: false,
};
/** The limits of a RocketMQ proxy as it is shipped. */
const ROCKETMQ_LIMITS: RecordLimits = { properties: 128, propertyBytes: 16 << 10, bodyBytes: 4 << 20, strict: true };
/** What any broker takes that takes messages at all. */
const LEAST_BODY_BYTES = 64 << 10;
const LEAST_PROPERTIES = { properties: 16, propertyBytes: 4 << 10, stampsOnly: true };

/** @throws HandoverError `config-invalid` for a connection that cannot be one. */
export function createKafkaDeadLetters({ connection, topic, log }: DeadLettersOptions<KafkaConnection>): DeadLetters {
  return deadLettersOn(createKafkaPublisher({ connection, log }), topic, KAFKA_LIMITS);
}

/** @throws HandoverError `config-invalid` for a connection that cannot be one. */
export function createRocketmqDeadLetters(options: DeadLettersOptions<RocketmqConnection>): DeadLetters {
  const { connection, topic, log } = options;
  return deadLettersOn(createRocketmqPublisher({ connection, log }), topic, ROCKETMQ_LIMITS);
}

/**
 * A dead letter that the broker refuses would hold up everything behind it for ever. So one that is refused whole is
 * tried with less of its body, then with its stamps only, then with less of both. One whose topic is missing or forbidden is
 * to be kept elsewhere.
 */
export function deadLettersOn(publisher: Publisher, topic: string, limits: RecordLimits): DeadLetters {
  const bodyBytes = Math.min(limits.bodyBytes, LEAST_BODY_BYTES);
  const attempts: RecordLimits[] = [
    limits,
    { ...limits, bodyBytes },
    { ...limits, ...LEAST_PROPERTIES },
    { ...limits, ...LEAST_PROPERTIES, bodyBytes },
  ];
  return {
    async send(delivery: Delivery, reason: DeadLetterReason, detail?: string): Promise<void> {
      const time = new Date();
      let refusal: unknown;
      for (const attempt of attempts) {
        try {
          await publisher.publish(deadLetterRecord(delivery, { reason, detail, time, topic }, attempt));
          return;
        } catch (error) {
          if (!(error instanceof HandoverError)) throw error;
          if (error.code !== 'broker-refused' && error.code !== 'topic-missing') throw error;
          refusal = error;
          // With less of the delivery it would be missing as well.
          if (error.code === 'topic-missing') break;
        }
      }
      const said = refusal instanceof Error ? refusal.message : 'no reason is known';
      throw new HandoverError(
        'dead-letters-refused',
        `the dead-letter topic ${topic} takes nothing of a delivery: ${said}`,
        {
          cause: refusal,
          hint: 'Make the topic, and look at the rights on it and at its limits.',
        },
      );
    },
    close: () => publisher.close(),
  };
}
