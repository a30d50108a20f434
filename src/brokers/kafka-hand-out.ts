import type { Consumer, EachBatchPayload, KafkaMessage } from 'kafkajs';
import pLimit from 'p-limit';
import { toError } from '../domain/errors.js';
import type { Log } from '../domain/log.js';
import { kafkaDelivery } from './kafka-delivery.js';
import { AssignedPartition } from './kafka-partition.js';
import type { DeliverySink } from './source.js';
import type { Watermark } from './watermark.js';

export interface KafkaHandOutOptions {
  readonly consumer: Consumer;
  readonly topic: string;
  readonly sink: DeliverySink;
  readonly log: Log;
}

/** How often a hand-out that waits for room looks whether a heartbeat is due; kafkajs sends none meanwhile. */
const BEAT_MS = 1000;

/** Hands the batches of one consumer over to the sink, piece by piece, and reads again what was not accepted. */
export class KafkaHandOut {
  readonly #options: KafkaHandOutOptions;
  readonly #pending = new Set<Promise<void>>();
  readonly #resumptions = new Set<NodeJS.Timeout>();
  readonly #stopping = new AbortController();
  /** Batches take turns at the sink, so that the backlog of one partition does not starve the others. */
  readonly #turn = pLimit(1);
  #assigned: ReadonlyMap<number, AssignedPartition> = new Map();

  constructor(options: KafkaHandOutOptions) {
    this.#options = options;
  }

  get assigned(): ReadonlyMap<number, AssignedPartition> {
    return this.#assigned;
  }

  /** Whatever the old assignment still has pending is delivered again, here or elsewhere; its outcomes are inert. */
  assign(partitions: readonly number[]): void {
    this.#assigned = new Map(partitions.map((partition) => [partition, new AssignedPartition()]));
  }

  /** Hands nothing more over. The consumer stays a member that heartbeats, as one that has left cannot commit. */
  stop(): void {
    this.#stopping.abort();
    this.#steer(() => this.#options.consumer.pause([{ topic: this.#options.topic }]));
    for (const resumption of this.#resumptions) clearTimeout(resumption);
  }

  /** Resolves once nothing is pending. */
  async settled(): Promise<void> {
    while (this.#pending.size > 0) await Promise.allSettled(this.#pending);
  }

  /**
   * Returns when the batch is handed over, not when it is accepted: a slow delivery holds back its watermark alone. The
   * fetch position is moved on meanwhile, which without auto-commit commits nothing.
   */
  async handOut(payload: EachBatchPayload): Promise<void> {
    const { batch } = payload;
    const partition = this.#assigned.get(batch.partition);
    if (partition === undefined || payload.isStale()) return;
    const continuation = partition.continueAt(fetchedFrom(batch));
    if ('readAgainFrom' in continuation) {
      this.#readAgain(
        batch.partition,
        continuation.readAgainFrom,
        'a batch does not continue where the last one ended',
      );
      return;
    }
    const { watermark } = continuation;
    const isCurrent = () =>
      payload.isRunning() &&
      !payload.isStale() &&
      !this.#stopping.signal.aborted &&
      this.#assigned.get(batch.partition) === partition &&
      partition.isCurrent(watermark);
    const left = batch.messages.filter(({ offset }) => !partition.isHandedOver(BigInt(offset)));
    while (left.length > 0 && isCurrent()) {
      await this.#turn(async () => {
        // One batch after the other learns of a rebalance here at once, however many wait for their turn.
        await payload.heartbeat();
        const room = await this.#room(payload);
        if (room === undefined || !isCurrent()) return;
        const piece = left.splice(0, room);
        const last = piece.at(-1)?.offset ?? batch.lastOffset();
        this.#handOver(batch.partition, partition, watermark, piece);
        payload.resolveOffset(last);
        partition.moveTo(BigInt(left.length === 0 ? batch.lastOffset() : last) + 1n);
      });
    }
  }

  /** How much the sink takes now; undefined when the consumer is to stop. Rejects when a heartbeat tells of a rebalance. */
  async #room(payload: EachBatchPayload): Promise<number | undefined> {
    const { signal } = this.#stopping;
    if (signal.aborted) return undefined;
    const waiting = new AbortController();
    const stop = () => waiting.abort();
    signal.addEventListener('abort', stop, { once: true });
    const beat = setInterval(() => {
      if (payload.isRunning()) payload.heartbeat().catch((error) => waiting.abort(error));
      else stop();
    }, BEAT_MS);
    try {
      return await this.#options.sink.capacity(waiting.signal);
    } catch (error) {
      if (signal.aborted || !payload.isRunning()) return undefined;
      throw error;
    } finally {
      clearInterval(beat);
      signal.removeEventListener('abort', stop);
    }
  }

  #handOver(number: number, partition: AssignedPartition, watermark: Watermark, messages: KafkaMessage[]): void {
    const { topic, sink } = this.#options;
    const receivedAt = Date.now();
    const outcomes = sink.take(messages.map((message) => kafkaDelivery(topic, number, message, receivedAt)));
    messages.forEach(({ offset: text }, index) => {
      const offset = BigInt(text);
      watermark.handOver(offset);
      const settled = Promise.resolve(outcomes[index]).then(
        () => partition.accept(watermark, offset),
        (error) => this.#reject(number, partition, watermark, toError(error)),
      );
      this.#pending.add(settled);
      void settled.finally(() => this.#pending.delete(settled));
    });
  }

  /** The partition is read again from its watermark, after a pause that grows while nothing is accepted. */
  #reject(number: number, partition: AssignedPartition, watermark: Watermark, err: Error): void {
    if (this.#stopping.signal.aborted || this.#assigned.get(number) !== partition) return;
    const rewound = partition.rewind(watermark);
    if (rewound === undefined) return;
    const { consumer, topic } = this.#options;
    const paused = [{ topic, partitions: [number] }];
    this.#steer(() => consumer.pause(paused));
    this.#readAgain(number, rewound.offset, 'a delivery was not accepted', err);
    const resumption = setTimeout(() => {
      this.#resumptions.delete(resumption);
      partition.resume();
      this.#steer(() => consumer.resume(paused));
    }, rewound.pauseMs);
    this.#resumptions.add(resumption);
  }

  #readAgain(partition: number, from: bigint, why: string, err?: Error): void {
    const { consumer, topic, log } = this.#options;
    const offset = from.toString();
    log.warn({ err, topic, partition, offset }, `${why}; the partition is read again from its watermark`);
    this.#steer(() => consumer.seek({ topic, partition, offset }));
  }

  /** kafkajs throws when its consumer has just crashed or stopped; the next one begins at the commits anyway. */
  #steer(action: () => void): void {
    try {
      action();
    } catch (err) {
      this.#options.log.debug({ err }, 'the Kafka consumer is gone');
    }
  }
}

/** The offset that the batch was asked for, which kafkajs keeps but does not declare. */
function fetchedFrom(batch: EachBatchPayload['batch'] & { readonly fetchedOffset?: string }): bigint {
  return BigInt(batch.fetchedOffset ?? batch.firstOffset() ?? batch.lastOffset());
}
