import type { Log } from '../domain/log.js';
import type { Side } from '../domain/side.js';

export interface PublisherOptions<Connection> {
  readonly connection: Connection;
  readonly log: Log;
}

/** What goes onto a topic, as it is: nothing in it is checked against the rules for messages. */
export interface OutgoingRecord {
  readonly topic: string;
  /** Kafka headers or RocketMQ user properties. */
  readonly properties: ReadonlyMap<string, string>;
  /** The Kafka record key or the RocketMQ `keys` field. Default none. */
  readonly key?: string | undefined;
  /** `null` is a tombstone on Kafka. RocketMQ knows none, and refuses an empty body too. */
  readonly body: Buffer | null;
}

/** The producing end of one side, for many callers at a time. Connects at the first record. */
export interface Publisher {
  readonly side: Side;
  /**
   * Resolves with where the record lies once the broker holds it: `kafka:<topic>/<partition>/<offset>`, or
   * `rocketmq:<topic>/<broker>#<RocketMQ's own ID>`, as RocketMQ does not tell a producer the queue.
   * @throws HandoverError `broker-unavailable`: the broker may or may not hold it, and the same call may succeed later;
   * `topic-missing`: the broker does not know the topic, and the same call may succeed once it does; `broker-refused`: it
   * does not take this record.
   */
  publish(record: OutgoingRecord): Promise<string>;
  close(): Promise<void>;
}
