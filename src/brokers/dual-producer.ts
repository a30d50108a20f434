import { v7 as uuidV7 } from 'uuid';
import { pause } from '../async/waiting.js';
import { HandoverError, isRetryable } from '../domain/errors.js';
import type { Log } from '../domain/log.js';
import { type MessageRules, readMessage, STAMPS } from '../domain/message/message.js';
import { SIDES, type Side } from '../domain/side.js';
import type { KafkaConnection, RocketmqConnection } from './connections.js';
import { createKafkaPublisher } from './kafka/publisher.js';
import type { Publisher } from './publisher.js';
import { createRocketmqPublisher } from './rocketmq/publisher.js';

export interface DualProducerOptions {
  readonly kafka: KafkaConnection;
  readonly rocketmq: RocketmqConnection;
  readonly topics: Readonly<Record<Side, string>>;
  /** What a message must be; the same as the consumers' config says. Default: JSON of at most 1 MiB. */
  readonly rules?: MessageRules;
  /** Default: nothing is logged. */
  readonly log?: Log;
}

export interface OutgoingMessage {
  /** Default: a UUIDv7, drawn anew for each message. */
  readonly messageId?: string;
  readonly businessId?: string;
  readonly traceparent?: string;
  readonly body: Buffer | string;
  /** The Kafka record key, which chooses the partition. Default none. RocketMQ's `keys` is always the message ID. */
  readonly key?: string;
  /** Default both: half a double write is for tests and for repairs. */
  readonly sides?: readonly Side[];
}

/** What became of one half; a half that failed may have been stored all the same. */
export type SideReport =
  | { readonly ok: true; readonly coordinates: string }
  | { readonly ok: false; readonly error: HandoverError };

/** One entry for each side that was written to. */
export type SendReport = { readonly messageId: string } & Readonly<Partial<Record<Side, SideReport>>>;

/** Publishes every message to both brokers under one message ID. For many callers at a time. */
export interface DualProducer {
  /**
   * Writes both halves in parallel, and repeats a half that failed a few times with the same ID. A half that fails
   * nevertheless is reported, not thrown; send the message again with the report's ID until both halves are in.
   * @throws HandoverError `message-invalid`, before anything is written.
   */
  send(message: OutgoingMessage): Promise<SendReport>;
  close(): Promise<void>;
}

const DEFAULT_RULES: MessageRules = { body: 'json', bodyBytes: 1 << 20 };
const ATTEMPTS = 4;
const FIRST_PAUSE_MS = 200;
const SILENT: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/**
 * Connects to each side at the first message for it.
 * @throws HandoverError `config-invalid` for a connection that cannot be one.
 */
export function createDualProducer({
  kafka,
  rocketmq,
  topics,
  rules,
  log = SILENT,
}: DualProducerOptions): DualProducer {
  const publishers = {
    kafka: createKafkaPublisher({ connection: kafka, log }),
    rocketmq: createRocketmqPublisher({ connection: rocketmq, log }),
  };
  return dualProducerOn(publishers, topics, rules);
}

/** The same over publishers of one's own. */
export function dualProducerOn(
  publishers: Readonly<Record<Side, Publisher>>,
  topics: Readonly<Record<Side, string>>,
  rules: MessageRules = DEFAULT_RULES,
): DualProducer {
  return {
    async send(message: OutgoingMessage): Promise<SendReport> {
      const { key, sides = SIDES } = message;
      const { messageId, properties, body } = stamp(message, rules);
      const halves = sides.map(async (side): Promise<[Side, SideReport]> => {
        const record = { topic: topics[side], properties, body, key: side === 'rocketmq' ? messageId : key };
        return [side, await publish(publishers[side], record)];
      });
      return { messageId, ...Object.fromEntries(await Promise.all(halves)) };
    },
    async close(): Promise<void> {
      await Promise.all(SIDES.map((side) => publishers[side].close()));
    },
  };
}

function stamp(message: OutgoingMessage, rules: MessageRules) {
  const { messageId = uuidV7(), businessId, traceparent } = message;
  const body = Buffer.from(message.body);
  const reading = readMessage({ messageId, businessId, traceparent }, body, rules);
  if ('rejected' in reading) {
    throw new HandoverError('message-invalid', `the message would be dead-lettered as ${reading.rejected}`, {
      messageId,
    });
  }
  const stamps: [string, string | undefined][] = [
    [STAMPS.messageId, messageId],
    [STAMPS.businessId, businessId],
    [STAMPS.traceparent, reading.message.traceparent],
  ];
  const properties = new Map(stamps.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])));
  return { messageId, properties, body };
}

async function publish(publisher: Publisher, record: Parameters<Publisher['publish']>[0]): Promise<SideReport> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return { ok: true, coordinates: await publisher.publish(record) };
    } catch (error) {
      if (!(error instanceof HandoverError)) throw error;
      if (attempt === ATTEMPTS || !isRetryable(error)) return { ok: false, error };
      await pause(FIRST_PAUSE_MS * 2 ** (attempt - 1));
    }
  }
}
