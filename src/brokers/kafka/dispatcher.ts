import { setMaxListeners } from 'node:events';
import type { Consumer, EachBatchPayload, KafkaMessage } from 'kafkajs';
import pLimit from 'p-limit';
import type { Log } from '../../domain/log.js';
import type { BrokerTime, DeliverySink } from '../source.js';
import type { KafkaAssignment, PartitionReader } from './assignment.js';
import { kafkaDelivery } from './delivery.js';
import type { KafkaLog } from './offsets/partition-log.js';
import type { AssignedPartition, Rewind } from './partition.js';
import type { Watermark } from './watermark.js';

export interface KafkaBatchDispatcherOptions {
  readonly consumer: Consumer;
  readonly topic: string;
  readonly assignment: KafkaAssignment;
  readonly sink: DeliverySink;
  readonly kafkaLog: () => Pick<KafkaLog, 'leadsTo'>;
  /** When the broker stored what it hands out now, as far as it is known. */
  readonly brokerTime: (partition: number, offset: bigint) => BrokerTime;
  /** The log went back: the client is to be built anew, and its partitions placed anew. */
  readonly end: (cause: Error) => void;
  readonly log: Log;
}

/** How often a hand-out that waits looks whether a heartbeat is due; kafkajs sends none meanwhile. */
const BEAT_MS = 1000;

/** Hands the batches of one consumer over to the sink, piece by piece, and reads again what was not accepted. */
export class KafkaBatchDispatcher implements PartitionReader {
  readonly #options: KafkaBatchDispatcherOptions;
  readonly #resumptions = new Set<NodeJS.Timeout>();
  readonly #stopping = new AbortController();
  /** Batches take turns at the sink, so that the backlog of one partition does not starve the others. */
  readonly #turn = pLimit(1);

  constructor(options: KafkaBatchDispatcherOptions) {
    this.#options = options;
    // As many listen as batches wait at one time: that is no leak.
    setMaxListeners(0, this.#stopping.signal);
  }

  /** Hands nothing more over. The consumer stays a member that heartbeats, as one that has left cannot commit. */
  stop(): void {
    this.#stopping.abort();
    this.#steer(() => this.#options.consumer.pause([{ topic: this.#options.topic }]));
    for (const resumption of this.#resumptions) clearTimeout(resumption);
  }

  /**
   * Returns when the batch is handed over, not when it is accepted: a slow delivery holds back its watermark alone. The
   * fetch position is moved on meanwhile, which without auto-commit commits nothing.
   */
  async handOut(payload: EachBatchPayload): Promise<void> {
    const { batch } = payload;
    const { assignment } = this.#options;
    const { generation } = assignment;
    if (!assignment.isPlaced) {
      await this.#beatWhile(payload, (signal) => unlessAborted(assignment.placing, signal));
    }
    const partition = assignment.partitions.get(batch.partition);
    if (partition === undefined || assignment.generation !== generation || payload.isStale()) return;
    const continuation = partition.continueAt(fetchedFrom(batch), BigInt(batch.lastOffset()));
    if (continuation === undefined) return;
    if ('readAgainFrom' in continuation) {
      const { readAgainFrom: from } = continuation;
      this.#seek(batch.partition, from, 'a batch does not continue where the last one ended');
      if (partition.stuckAt === from) this.#options.end(new Error(`partition ${batch.partition} stands at ${from}`));
      return;
    }
    const { watermark } = continuation;
    const isCurrent = () =>
      payload.isRunning() &&
      !payload.isStale() &&
      !this.#stopping.signal.aborted &&
      assignment.generation === generation &&
      partition.isCurrent(watermark);
    const left = batch.messages.filter(({ offset }) => !partition.isHandedOver(BigInt(offset)));
    if (!(await this.#followsOn(payload, partition, left[0])) || !isCurrent()) return;
    /** Everything up to this message is handed over; without one, or with the last one, the whole batch. */
    const advance = (last?: KafkaMessage) => {
      payload.resolveOffset(last?.offset ?? batch.lastOffset());
      const isWhole = last === undefined || left.length === 0;
      partition.moveTo(
        BigInt(isWhole ? batch.lastOffset() : last.offset) + 1n,
        epochOf(isWhole ? lastRecord(batch) : last),
      );
    };
    if (left.length === 0) advance();
    while (left.length > 0 && isCurrent()) {
      const held = left.splice(
        0,
        countWhile(left, ({ offset }) => partition.isHeld(BigInt(offset))),
      );
      for (const { offset } of held) partition.rejoin(watermark, BigInt(offset));
      if (held.length > 0) advance(held.at(-1));
      if (left.length === 0) return;
      await this.#turn(async () => {
        // One batch after the other learns of a rebalance here at once, however many wait for their turn.
        await payload.heartbeat();
        const room = await this.#beatWhile(payload, (signal) => this.#options.sink.capacity(signal));
        if (room === undefined || !isCurrent()) return;
        const fresh = countWhile(left, ({ offset }) => !partition.isHeld(BigInt(offset)));
        const piece = left.splice(0, Math.min(room, fresh));
        if (piece.length === 0) return;
        this.#handOver(batch.partition, partition, watermark, piece);
        advance(piece.at(-1));
      });
    }
  }

  hold(numbers: readonly number[]): void {
    if (numbers.length === 0) return;
    const { consumer, topic } = this.#options;
    this.#steer(() => consumer.pause([{ topic, partitions: [...numbers] }]));
  }

  readFrom(number: number, offset: bigint): void {
    if (this.#stopping.signal.aborted) return;
    const { consumer, topic } = this.#options;
    this.#steer(() => {
      consumer.seek({ topic, partition: number, offset: offset.toString() });
      consumer.resume([{ topic, partitions: [number] }]);
    });
  }

  readAgain(number: number, partition: AssignedPartition, rewind: Exclude<Rewind, 'lost'>, cause: Error): void {
    if (this.#stopping.signal.aborted) return;
    const { consumer, topic } = this.#options;
    const paused = [{ topic, partitions: [number] }];
    this.#steer(() => consumer.pause(paused));
    this.#seek(number, rewind.offset, 'a delivery was not accepted', cause);
    const resumption = setTimeout(() => {
      this.#resumptions.delete(resumption);
      partition.resume();
      this.#steer(() => consumer.resume(paused));
    }, rewind.pauseMs);
    this.#resumptions.add(resumption);
  }

  /**
   * When another leader wrote what comes next, it may have begun before the position: the log was cut off there, and what
   * has been written between the cut and the position would be passed over.
   */
  async #followsOn({ batch, ...payload }: EachBatchPayload, partition: AssignedPartition, first?: KafkaMessage) {
    const { next } = partition;
    const epoch = first === undefined ? undefined : epochOf(first);
    if (next.epoch === undefined || epoch === undefined || epoch === next.epoch) return true;
    const { kafkaLog, end, topic } = this.#options;
    const leads = await this.#beatWhile(payload, () => kafkaLog().leadsTo(batch.partition, next));
    if (leads === false) end(new Error(`the log of partition ${batch.partition} of ${topic} was cut off`));
    return leads === true;
  }

  /** Waits for the work, and beats meanwhile. Undefined when the consumer is to stop. Rejects when the group rebalances. */
  async #beatWhile<T>(
    { isRunning, heartbeat }: Pick<EachBatchPayload, 'isRunning' | 'heartbeat'>,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T | undefined> {
    const { signal } = this.#stopping;
    if (signal.aborted) return undefined;
    const waiting = new AbortController();
    const stop = () => waiting.abort();
    signal.addEventListener('abort', stop, { once: true });
    const beat = setInterval(() => {
      if (isRunning()) heartbeat().catch((error) => waiting.abort(error));
      else stop();
    }, BEAT_MS);
    try {
      return await work(waiting.signal);
    } catch (error) {
      if (signal.aborted || !isRunning()) return undefined;
      throw error;
    } finally {
      clearInterval(beat);
      signal.removeEventListener('abort', stop);
    }
  }

  #handOver(
    number: number,
    partition: AssignedPartition,
    watermark: Watermark,
    messages: readonly KafkaMessage[],
  ): void {
    const { topic, sink, assignment, brokerTime } = this.#options;
    const receivedAt = Date.now();
    const { withdrawn } = partition;
    const outcomes = sink.take(
      messages.map((message) => {
        const storedWithin = brokerTime(number, BigInt(message.offset));
        return { ...kafkaDelivery(topic, number, message, receivedAt, storedWithin), withdrawn };
      }),
    );
    messages.forEach(({ offset }, index) => {
      assignment.hold(number, partition, watermark, BigInt(offset), Promise.resolve(outcomes[index]));
    });
  }

  #seek(partition: number, from: bigint, why: string, err?: Error): void {
    const { consumer, topic, log } = this.#options;
    const offset = from.toString();
    log.warn({ err, topic, partition, offset }, `${why}; the partition is read again from here`);
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

/** What kafkajs keeps of a batch and does not declare. */
type WholeBatch = EachBatchPayload['batch'] & {
  /** The offset that it was asked for. */
  readonly fetchedOffset?: string;
  /** With the records that mark transactions, or belong to aborted ones. */
  readonly rawMessages?: readonly KafkaMessage[];
};

function fetchedFrom(batch: WholeBatch): bigint {
  return BigInt(batch.fetchedOffset ?? batch.firstOffset() ?? batch.lastOffset());
}

function lastRecord(batch: WholeBatch): KafkaMessage | undefined {
  return batch.rawMessages?.at(-1);
}

/** The epoch of the leader that wrote the record; undefined in logs of before Kafka 0.11. */
function epochOf(
  record: (KafkaMessage & { readonly batchContext?: { readonly partitionLeaderEpoch?: number } }) | undefined,
) {
  return record?.batchContext?.partitionLeaderEpoch;
}

function countWhile<T>(items: readonly T[], holds: (item: T) => boolean): number {
  const end = items.findIndex((item) => !holds(item));
  return end === -1 ? items.length : end;
}

function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    work.then(resolve, reject);
  });
}
