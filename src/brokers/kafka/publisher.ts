import kafkajs, { type Producer } from 'kafkajs';
import { HandoverError, toError } from '../../domain/errors.js';
import type { KafkaConnection } from '../connections.js';
import type { OutgoingRecord, Publisher, PublisherOptions } from '../publisher.js';
import { createKafkaClient } from './client.js';

/** kafkajs waits for acknowledgement by all in-sync replicas with it. */
const ALL = -1;

/** @throws HandoverError `config-invalid` for a connection that cannot be one. */
export function createKafkaPublisher({ connection, log }: PublisherOptions<KafkaConnection>): Publisher {
  // One repetition is enough to learn of a new leader; callers that want more decide for themselves how long they wait.
  const kafka = createKafkaClient(connection, log, { retries: 1 });
  let connecting: Promise<Producer> | undefined;

  async function connect(): Promise<Producer> {
    const producer = kafka.producer({
      allowAutoTopicCreation: false,
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    });
    await producer.connect();
    return producer;
  }

  return {
    side: 'kafka',
    async publish({ topic, properties, key, body }: OutgoingRecord): Promise<string> {
      try {
        connecting ??= connect();
        const producer = await connecting.catch((error) => {
          connecting = undefined;
          throw error;
        });
        const message = { value: body, headers: Object.fromEntries(properties), ...(key !== undefined && { key }) };
        const [stored] = await producer.send({ topic, acks: ALL, messages: [message] });
        return `kafka:${topic}/${stored?.partition}/${stored?.baseOffset}`;
      } catch (error) {
        throw kafkaFault(topic, toError(error));
      }
    },
    async close(): Promise<void> {
      const producer = await connecting?.catch(() => undefined);
      await producer?.disconnect();
    },
  };
}

function kafkaFault(topic: string, cause: Error): HandoverError {
  const code = isMissing(cause) ? 'topic-missing' : isRefusal(cause) ? 'broker-refused' : 'broker-unavailable';
  return new HandoverError(code, `Kafka did not take a record for topic ${topic}: ${cause.message}`, { cause });
}

function isMissing(error: Error & { readonly type?: unknown }): boolean {
  if (error.type === 'UNKNOWN_TOPIC_OR_PARTITION') return true;
  return error.cause instanceof Error && isMissing(error.cause);
}

/** Whether the broker itself said no, and will say it again. */
function isRefusal(error: Error & { readonly retriable?: boolean; readonly code?: unknown }): boolean {
  if (error.name === 'KafkaJSProtocolError') return error.retriable === false;
  return error.cause instanceof Error && isRefusal(error.cause);
}
