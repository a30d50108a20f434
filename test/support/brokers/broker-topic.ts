import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { inject } from 'vitest';
import { createKafkaPublisher } from '../../../src/brokers/kafka/publisher.js';
import { createKafkaSource } from '../../../src/brokers/kafka/source.js';
import type { Publisher } from '../../../src/brokers/publisher.js';
import { createRocketmqPublisher } from '../../../src/brokers/rocketmq/publisher.js';
import { createRocketmqSource } from '../../../src/brokers/rocketmq/source.js';
import type { Source } from '../../../src/brokers/source.js';
import type { Log } from '../../../src/domain/log.js';
import type { Side } from '../../../src/domain/side.js';
import { provision } from '../../../src/local/stack/provision/provision.js';
import type { TestSink } from '../test-sink.js';

export const QUIET: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** The shortest that a proxy allows, so that what is not acknowledged comes again soon. */
export const INVISIBILITY_MS = 10_000;

/** A topic of a test's own on one side's broker, with a group that begins at its start. */
export interface BrokerTopic {
  readonly side: Side;
  readonly topic: string;
  readonly group: string;
  readonly publisher: Publisher;
  /** A source of the group that is not started. */
  source(): Source;
  /** A source of the group that consumes. */
  start(sink: TestSink): Promise<Source>;
  /** Stops what was made here, without waiting for what is pending. */
  close(): Promise<void>;
}

export function brokerConnections() {
  const { kafka, rocketmq } = inject('stack');
  return { kafka: { brokers: kafka.brokers }, rocketmq: { endpoints: rocketmq.endpoints, tls: false } };
}

export async function makeBrokerTopic(side: Side): Promise<BrokerTopic> {
  const topic = `source-${randomUUID()}`;
  const group = `group-${topic}`;
  await makeTopic(side, topic, group);
  const { kafka, rocketmq } = brokerConnections();
  const sources: Source[] = [];
  const publisher =
    side === 'kafka'
      ? createKafkaPublisher({ connection: kafka, log: QUIET })
      : createRocketmqPublisher({ connection: rocketmq, log: QUIET });
  const source = (): Source => {
    const made =
      side === 'kafka'
        ? createKafkaSource({ connection: kafka, topic, group, log: QUIET })
        : createRocketmqSource({ connection: rocketmq, topic, group, log: QUIET, invisibilityMs: INVISIBILITY_MS });
    sources.push(made);
    return made;
  };
  return {
    side,
    topic,
    group,
    publisher,
    source,
    async start(sink: TestSink): Promise<Source> {
      const started = source();
      await started.start(sink);
      await until(() => started.status().ready, 'the source is ready');
      return started;
    },
    async close(): Promise<void> {
      await Promise.all(sources.map((made) => made.stop(0)));
      await publisher.close();
    },
  };
}

async function makeTopic(side: Side, topic: string, group: string): Promise<void> {
  const made = { topics: [{ name: topic, partitions: 4, queues: 4 }], groups: [{ group, topics: [topic] }] };
  const none = { topics: [], groups: [] };
  const brokers = side === 'kafka' ? { kafka: made, rocketmq: none } : { kafka: none, rocketmq: made };
  await provision(inject('stack'), { ...brokers, searchAttributes: {} });
}

/** Publishes one message for each ID, with the ID as its stamp, as its key and in its body. */
export async function publishIds({ topic, publisher }: BrokerTopic, ids: readonly string[]): Promise<void> {
  const records = ids.map((id) => ({
    properties: new Map([['message-id', id]]),
    body: Buffer.from(`{"id":"${id}"}`),
    id,
  }));
  await Promise.all(records.map(({ id, ...record }) => publisher.publish({ ...record, topic, key: id })));
}

/** Waits until the condition holds: for what a broker does in its own time. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  timeoutMs = 60_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs / 1000} s: ${what}`);
    await pause(50);
  }
}
