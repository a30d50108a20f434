import type { NativeConnectionOptions } from '@temporalio/worker';
import type { KafkaConnection, RocketmqConnection } from '../brokers/connections.js';

export interface TemporalConnection {
  readonly connectionOptions: NativeConnectionOptions;
  readonly namespace: string;
}

export interface RedisConnection {
  /** `redis[s]://[user:password@]host[:port][/db]`; the nodes of a Redis Cluster with commas between them. */
  readonly url: string;
}

/** How to reach the four services: all of them, or none is known. */
export interface Connections {
  readonly temporal: TemporalConnection;
  readonly kafka: KafkaConnection;
  readonly rocketmq: RocketmqConnection;
  readonly redis: RedisConnection;
}
