import { createKafkaDeadLetters, createRocketmqDeadLetters } from '../../brokers/dead-letters.js';
import { createKafkaCopies } from '../../brokers/kafka/copies.js';
import { createKafkaSource } from '../../brokers/kafka/source.js';
import { createRocketmqSource } from '../../brokers/rocketmq/source.js';
import type { Copies, DeadLetters, Source } from '../../brokers/source.js';
import type { Connections } from '../../config/connections.js';
import type { Migration } from '../../config/migration.js';
import type { Log } from '../../domain/log.js';
import type { Side } from '../../domain/side.js';

export interface BrokerSide {
  readonly source: Source;
  readonly deadLetters: DeadLetters;
  /** Undefined for a broker of which one copy cannot be read by its place. */
  readonly copies?: Copies;
}

/** The consuming end of a side's broker, and its dead-letter topic. Connects nothing yet. */
export function openBrokerSide(side: Side, migration: Migration, connections: Connections, log: Log): BrokerSide {
  const consumed = { topic: migration.topics[side], group: migration.consumerGroup, log };
  const { bodyBytes, batchBytes } = migration.limits;
  const dead = { topic: migration.deadLetterTopics[side], log };
  if (side === 'kafka') {
    const connection = connections.kafka;
    return {
      source: createKafkaSource({ ...consumed, connection, reads: { bodyBytes, batchBytes } }),
      deadLetters: createKafkaDeadLetters({ ...dead, connection }),
      copies: createKafkaCopies({ ...consumed, connection }),
    };
  }
  const connection = connections.rocketmq;
  return {
    source: createRocketmqSource({ ...consumed, connection, bodyBytes }),
    deadLetters: createRocketmqDeadLetters({ ...dead, connection }),
  };
}
