import { createDualProducer, type DualProducer } from '../../../src/brokers/dual-producer.js';
import { createKafkaPublisher } from '../../../src/brokers/kafka/publisher.js';
import type { Publisher } from '../../../src/brokers/publisher.js';
import { createRocketmqPublisher } from '../../../src/brokers/rocketmq/publisher.js';
import type { Migration } from '../../../src/config/migration.js';
import type { Log } from '../../../src/domain/log.js';
import { bucketOf } from '../../../src/domain/message/bucket.js';
import { STAMPS } from '../../../src/domain/message/message.js';
import { SIDES, type Side } from '../../../src/domain/side.js';
import { type Poison, planPoison } from '../../../src/local/demo/poison.js';
import { sendMessage } from '../../../src/local/demo/stream-publisher.js';
import type { LocalStack } from '../../../src/local/stack/state.js';

export interface TrafficOptions {
  readonly stack: LocalStack;
  readonly migration: Migration;
  readonly log: Log;
  /** Ends what is sent again to a broker that is only just back. */
  readonly signal: AbortSignal;
}

/** The producers of a run, which reach the brokers without a detour. */
export class Traffic {
  readonly #migration: Migration;
  readonly #producer: DualProducer;
  readonly #publishers: Readonly<Record<Side, Publisher>>;
  readonly #signal: AbortSignal;

  constructor({ stack, migration, log, signal }: TrafficOptions) {
    const kafka = { brokers: stack.kafka.brokers };
    const rocketmq = { endpoints: stack.rocketmq.endpoints, tls: false };
    this.#migration = migration;
    this.#signal = signal;
    this.#producer = createDualProducer({ kafka, rocketmq, topics: migration.topics, log });
    this.#publishers = {
      kafka: createKafkaPublisher({ connection: kafka, log }),
      rocketmq: createRocketmqPublisher({ connection: rocketmq, log }),
    };
  }

  /** Begins a scenario's stream, all of whose IDs begin with `name`. */
  stream(name: string): Stream {
    return new Stream(name, this.#migration, this.#producer, this.#publishers, this.#signal);
  }

  async close(): Promise<void> {
    await Promise.all([this.#producer.close(), ...SIDES.map((side) => this.#publishers[side].close())]);
  }
}

/** What one scenario publishes, and the record of it that the judge goes by. */
export class Stream {
  readonly name: string;
  readonly #migration: Migration;
  readonly #producer: DualProducer;
  readonly #publishers: Readonly<Record<Side, Publisher>>;
  readonly #signal: AbortSignal;
  readonly #published = new Set<string>();
  readonly #poison: Poison[] = [];
  #named = 0;

  constructor(
    name: string,
    migration: Migration,
    producer: DualProducer,
    publishers: Readonly<Record<Side, Publisher>>,
    signal: AbortSignal,
  ) {
    this.name = name;
    this.#migration = migration;
    this.#producer = producer;
    this.#publishers = publishers;
    this.#signal = signal;
  }

  /** Every valid message that a broker holds at least one copy of. */
  get published(): readonly string[] {
    return [...this.#published];
  }

  get poison(): readonly Poison[] {
    return this.#poison;
  }

  /** New message IDs, the next ones of this stream. */
  draw(count: number): readonly string[] {
    return Array.from({ length: count }, () => `${this.name}-${String(++this.#named).padStart(4, '0')}`);
  }

  /** New message IDs that a policy of 50 % gives to this side. */
  ownedAtHalf(side: Side, count: number): readonly string[] {
    const found: string[] = [];
    while (found.length < count) {
      const [id = ''] = this.draw(1);
      if ((bucketOf(this.#migration.name, id) <= 5_000 ? 'rocketmq' : 'kafka') === side) found.push(id);
    }
    return found;
  }

  /** Publishes one copy of each of these messages on each of the sides; the same message may be sent any number of times. */
  async send(messageIds: readonly string[], sides: readonly Side[] = SIDES): Promise<readonly string[]> {
    await Promise.all(messageIds.map((messageId) => this.#sendOne(messageId, sides)));
    return messageIds;
  }

  /** Publishes so many new messages to both brokers. */
  async sendNew(count: number): Promise<readonly string[]> {
    return this.send(this.draw(count));
  }

  /** Publishes what can never be a message: of each kind, on both sides and on one. */
  async sendPoison(count: number): Promise<void> {
    for (let nth = 0; nth < count; nth += 1) {
      const poison = planPoison(this.name, this.#poison.length, 0);
      this.#poison.push(poison);
      await this.#sendRaw(poison.body, poison.properties, poison.sides);
    }
  }

  /** Publishes another body, marked as poison, under the ID of a message that is known already. */
  async sendReused(messageId: string): Promise<void> {
    const { tag } = planPoison(this.name, this.#poison.length, 0);
    const properties = new Map([[STAMPS.messageId, messageId]]);
    const body = JSON.stringify({ messageId, amount: 500, poison: tag });
    this.#poison.push({ kind: 'poison', tag, fault: 'bad ID', properties, body, sides: SIDES, phase: 0 });
    await this.#sendRaw(body, properties, SIDES);
  }

  /** Publishes past every check. */
  async #sendRaw(body: string, properties: ReadonlyMap<string, string>, sides: readonly Side[]): Promise<void> {
    const { topics } = this.#migration;
    await Promise.all(
      sides.map((side) => this.#publishers[side].publish({ topic: topics[side], properties, body: Buffer.from(body) })),
    );
  }

  async #sendOne(messageId: string, sides: readonly Side[]): Promise<void> {
    await sendMessage(this.#producer, { messageId, body: bodyOf(messageId), sides }, this.#signal);
    this.#published.add(messageId);
  }
}

function bodyOf(messageId: string): string {
  return JSON.stringify({ messageId, amount: 5 });
}
