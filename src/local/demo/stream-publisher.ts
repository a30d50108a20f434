import { setTimeout as pause } from 'node:timers/promises';
import { type DualProducer, dualProducerOn, type OutgoingMessage } from '../../brokers/dual-producer.js';
import { createKafkaPublisher } from '../../brokers/kafka/publisher.js';
import type { Publisher } from '../../brokers/publisher.js';
import { createRocketmqPublisher } from '../../brokers/rocketmq/publisher.js';
import type { Connections } from '../../config/connections.js';
import type { Migration } from '../../config/migration.js';
import type { Log } from '../../domain/log.js';
import { SIDES, type Side } from '../../domain/side.js';
import type { Planned } from './plan.js';
import type { Poison } from './poison.js';
import { retryWhileBusy } from './retry-while-busy.js';

export interface StreamPublisherOptions {
  readonly migration: Migration;
  readonly connections: Connections;
  /** Messages a second. */
  readonly rate: number;
  readonly log: Log;
  /** How many messages have been published and have not come to an end yet, as far as is known. */
  readonly underWay: () => number;
  /** Told of each as it is handed to the producers. */
  readonly onPublish: (planned: Planned) => void;
}

/** Most that may be on their way to the brokers at once: a broker that stalls slows the stream down. */
const ON_THEIR_WAY = 256;

/**
 * A machine that cannot keep up with the rate is not buried: above so many messages under way the stream waits. It is
 * more than a killed worker's share comes to, at the usual rate, until another takes it over.
 */
const MOST_UNDER_WAY = 150;
const LOOK_EVERY_MS = 100;
/** Timers fire late by a little, which is made up for. */
const BEHIND_MS = 200;

/** Publishes planned messages at a steady rate, valid ones through the dual producer, poison past its checks. */
export class StreamPublisher {
  readonly #options: StreamPublisherOptions;
  readonly #publishers: Readonly<Record<Side, Publisher>>;
  readonly #send: (planned: Planned, signal: AbortSignal) => Promise<void>;

  constructor(options: StreamPublisherOptions) {
    const { connections, log, migration } = options;
    this.#options = options;
    this.#publishers = {
      kafka: createKafkaPublisher({ connection: connections.kafka, log }),
      rocketmq: createRocketmqPublisher({ connection: connections.rocketmq, log }),
    };
    const producer = dualProducerOn(this.#publishers, migration.topics);
    this.#send = (planned, signal) => {
      if (planned.kind === 'poison') return this.#publishPoison(planned, signal);
      const { messageId, businessId, body, sides } = planned;
      return sendMessage(producer, { messageId, businessId, body, sides }, signal);
    };
  }

  /**
   * Resolves once the brokers hold all of it.
   * @throws HandoverError `broker-unavailable` or `broker-refused`; the reason of the signal, when it is aborted
   */
  async publish(stream: readonly Planned[], signal: AbortSignal): Promise<void> {
    const { rate, onPublish, underWay } = this.#options;
    const failed = new AbortController();
    const either = AbortSignal.any([signal, failed.signal]);
    const onTheirWay = new Set<Promise<void>>();
    let dueAt = performance.now();
    for (const planned of stream) {
      while (underWay() >= MOST_UNDER_WAY && !either.aborted) await pass(LOOK_EVERY_MS, either);
      while (onTheirWay.size >= ON_THEIR_WAY) await Promise.race(onTheirWay);
      const now = performance.now();
      await pass(dueAt - now, either);
      either.throwIfAborted();
      // What was held up is not made up for by a burst.
      dueAt = Math.max(dueAt, now - BEHIND_MS) + 1_000 / rate;
      onPublish(planned);
      const sending: Promise<void> = this.#send(planned, either)
        .catch((error: unknown) => failed.abort(error))
        .finally(() => onTheirWay.delete(sending));
      onTheirWay.add(sending);
    }
    await Promise.all(onTheirWay);
    either.throwIfAborted();
  }

  async close(): Promise<void> {
    await Promise.all(SIDES.map((side) => this.#publishers[side].close()));
  }

  async #publishPoison({ sides, properties, body }: Poison, signal: AbortSignal): Promise<void> {
    const { topics } = this.#options.migration;
    const publish = (side: Side): Promise<string> =>
      this.#publishers[side].publish({ topic: topics[side], properties, body: Buffer.from(body) });
    await Promise.all(sides.map((side) => retryWhileBusy(() => publish(side), signal)));
  }
}

/** Passes time, or returns at once when the signal is aborted, which the caller looks at. */
async function pass(ms: number, signal: AbortSignal): Promise<void> {
  await pause(Math.max(0, ms), undefined, { signal }).catch(() => undefined);
}

/**
 * Hands a message to its sides, and to one that did not take it again, as a producer must that loses nothing.
 * @throws HandoverError `broker-unavailable` or `broker-refused`; the reason of the signal, when it is aborted
 */
export async function sendMessage(
  producer: Pick<DualProducer, 'send'>,
  message: OutgoingMessage & Required<Pick<OutgoingMessage, 'messageId' | 'sides'>>,
  signal: AbortSignal,
): Promise<void> {
  const open = new Set(message.sides);
  await retryWhileBusy(async () => {
    const report = await producer.send({ ...message, sides: [...open] });
    const halves = [...open].map((side) => ({ side, half: report[side] }));
    for (const { side, half } of halves) if (half?.ok === true) open.delete(side);
    for (const { half } of halves) if (half?.ok === false) throw half.error;
  }, signal);
}
