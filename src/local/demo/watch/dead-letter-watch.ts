import { createKafkaClient } from '../../../brokers/kafka/client.js';
import { createKafkaSource } from '../../../brokers/kafka/source.js';
import { createRocketmqSource } from '../../../brokers/rocketmq/source.js';
import type { Delivery, DeliverySink, Source } from '../../../brokers/source.js';
import type { Connections } from '../../../config/connections.js';
import type { Migration } from '../../../config/migration.js';
import { toError } from '../../../domain/errors.js';
import type { Log } from '../../../domain/log.js';
import type { Side } from '../../../domain/side.js';
import { tagIn } from '../poison.js';

export interface DeadLetterWatchOptions {
  readonly run: string;
  readonly migration: Migration;
  readonly connections: Connections;
  readonly log: Log;
}

/** Handed over at once; a dead letter is only looked at. */
const PLACES = 64;
const DRAIN_MS = 5_000;

/** Reads both dead-letter topics, and keeps which poison of this run it has met on each. */
export class DeadLetterWatch {
  readonly #options: DeadLetterWatchOptions;
  readonly #sources: readonly Source[];
  readonly #kafkaGroup: string;
  readonly #found: Readonly<Record<Side, Set<string>>> = { kafka: new Set(), rocketmq: new Set() };

  constructor(options: DeadLetterWatchOptions) {
    const { run, migration, connections, log } = options;
    const { kafka, rocketmq } = migration.deadLetterTopics;
    this.#options = options;
    // A group that is new to Kafka reads from the topic's beginning. The one that RocketMQ has for this purpose was given
    // its beginning when the stack was provisioned.
    this.#kafkaGroup = `handover-${run}`;
    const group = `handover-${migration.name}-dead-letters`;
    this.#sources = [
      createKafkaSource({ connection: connections.kafka, topic: kafka, group: this.#kafkaGroup, log }),
      createRocketmqSource({ connection: connections.rocketmq, topic: rocketmq, group, log }),
    ];
  }

  /** Tags of the poison that was found on each side. */
  get found(): Readonly<Record<Side, ReadonlySet<string>>> {
    return this.#found;
  }

  async start(): Promise<void> {
    const sink: DeliverySink = {
      capacity: async () => PLACES,
      take: (deliveries) => deliveries.map(async (delivery) => this.#look(delivery)),
    };
    await Promise.all(this.#sources.map((source) => source.start(sink)));
  }

  /** Also takes back the group that Kafka made for it. */
  async stop(): Promise<void> {
    await Promise.all(this.#sources.map((source) => source.stop(DRAIN_MS)));
    const { connections, log } = this.#options;
    const admin = createKafkaClient(connections.kafka, log).admin();
    try {
      await admin.connect();
      await admin.deleteGroups([this.#kafkaGroup]);
    } catch (error) {
      // A name without a member is left with Kafka, which forgets it in time: nothing that a run should fail for.
      log.warn({ group: this.#kafkaGroup, error: toError(error).message }, 'Kafka keeps a group');
    } finally {
      await admin.disconnect();
    }
  }

  #look({ side, body }: Delivery): void {
    const tag = tagIn(this.#options.run, body?.toString() ?? '');
    if (tag !== undefined) this.#found[side].add(tag);
  }
}
