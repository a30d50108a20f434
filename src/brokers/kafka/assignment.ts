import { pause } from '../../async/waiting.js';
import { toError } from '../../domain/errors.js';
import type { Log } from '../../domain/log.js';
import type { KafkaLog } from './offsets/partition-log.js';
import { type Placement, placePartition } from './offsets/placement.js';
import { AssignedPartition, type Held, type Rewind } from './partition.js';
import type { Watermark } from './watermark.js';

export interface KafkaAssignmentOptions {
  readonly topic: string;
  readonly log: Log;
}

/** What reads the partitions for now: each life of the client has one of its own. */
export interface PartitionReader {
  /** Reads nothing of the partitions until each is told from where: what kafkajs would begin at may be gone. */
  hold(numbers: readonly number[]): void;
  /** Reads the partition from the offset on. */
  readFrom(number: number, offset: bigint): void;
  /** Reads the partition again from the offset after the pause, as a delivery was not accepted. */
  readAgain(number: number, partition: AssignedPartition, rewind: Exclude<Rewind, 'lost'>, cause: Error): void;
}

/** So often, with growing pauses in between, a join asks where its partitions stand before the consumer gives up. */
const ATTEMPTS = 6;
const FIRST_PAUSE_MS = 100;

/**
 * The partitions that this process has, through every generation of the group and every life of the client: what the sink
 * holds of a partition stays joined to it for as long as the partition stays here.
 */
export class KafkaAssignment {
  readonly #options: KafkaAssignmentOptions;
  #assigned: ReadonlyMap<number, AssignedPartition> = new Map();
  /** Gone to other members, unless it is the topic that is gone: the next placement tells. */
  #leaving: AssignedPartition[] = [];
  #generation = 0;
  #placing: Promise<void> = Promise.resolve();
  #topicId: string | undefined;
  #skipped = 0;
  readonly #pending = new Set<Promise<void>>();
  reader: PartitionReader | undefined;

  constructor(options: KafkaAssignmentOptions) {
    this.#options = options;
  }

  get partitions(): ReadonlyMap<number, AssignedPartition> {
    return this.#assigned;
  }

  /** Another number after each join. */
  get generation(): number {
    return this.#generation;
  }

  /** Resolves once the latest join's partitions are placed, or another join has come. Never rejects. */
  get placing(): Promise<void> {
    return this.#placing;
  }

  get isPlaced(): boolean {
    return [...this.#assigned.values()].every(({ isPlaced }) => isPlaced);
  }

  /** Which topic the partitions were placed in; undefined where the broker does not tell. */
  get topicId(): string | undefined {
    return this.#topicId;
  }

  /** How many positions were passed over, as the log held them no more, since this process started. */
  get skipped(): number {
    return this.#skipped;
  }

  /**
   * To be called in the turn in which the consumer has joined. From then on nothing is handed over and nothing committed
   * until the partitions are placed. Resolves once they are, or once it does not matter any more (another join, or the
   * signal, which says that the client is closed). Rejects when the brokers cannot be asked.
   */
  join(partitions: readonly number[], log: KafkaLog, closed: AbortSignal): Promise<void> {
    this.#generation += 1;
    const before = this.#assigned;
    for (const partition of before.values()) partition.interrupt();
    this.#leaving.push(...[...before].flatMap(([number, lost]) => (partitions.includes(number) ? [] : [lost])));
    this.#assigned = new Map(partitions.map((number) => [number, before.get(number) ?? new AssignedPartition()]));
    this.reader?.hold(partitions);
    const generation = this.#generation;
    const placed = this.#place(log, () => generation !== this.#generation || closed.aborted);
    this.#placing = placed.catch(() => undefined);
    return placed;
  }

  /** The sink has taken the delivery at `offset`, and its outcome will count for the partition. */
  hold(
    number: number,
    partition: AssignedPartition,
    watermark: Watermark,
    offset: bigint,
    outcome: Promise<void>,
  ): void {
    const held = partition.handOver(watermark, offset);
    const settled = outcome.then(
      () => partition.accept(held),
      (error) => this.#rejected(number, partition, held, toError(error)),
    );
    this.#pending.add(settled);
    void settled.finally(() => this.#pending.delete(settled));
  }

  /** Resolves once the sink has nothing more in hand. */
  async drained(): Promise<void> {
    while (this.#pending.size > 0) await Promise.allSettled(this.#pending);
  }

  /** Partitions that come back to one offset again and again. */
  get stuck(): readonly { readonly partition: number; readonly offset: bigint }[] {
    return [...this.#assigned].flatMap(([partition, { stuckAt }]) =>
      stuckAt === undefined ? [] : [{ partition, offset: stuckAt }],
    );
  }

  #rejected(number: number, partition: AssignedPartition, held: Held, cause: Error): void {
    const rewind = partition.reject(held);
    if (rewind === undefined) return;
    if (rewind !== 'lost') {
      this.reader?.readAgain(number, partition, rewind, cause);
      return;
    }
    const { topic, log } = this.#options;
    const source = `kafka:${topic}/${number}/${held.offset}`;
    const message = 'a delivery was not accepted, and Kafka has deleted it meanwhile: it cannot be read again';
    log.error({ event: 'delivery-lost', err: cause, source }, message);
  }

  async #place(log: KafkaLog, isOver: () => boolean): Promise<void> {
    for (let attempt = 1; !isOver(); attempt += 1) {
      try {
        return await this.#placeOnce(log, isOver);
      } catch (err) {
        if (isOver()) return;
        if (attempt === ATTEMPTS) throw err;
        this.#options.log.debug({ err, attempt }, 'where the partitions stand could not be asked');
        await pause(FIRST_PAUSE_MS * 2 ** attempt);
        // A client that is closed would connect anew.
        if (!isOver())
          await log.refresh().catch((cause: unknown) => this.#options.log.debug({ err: cause }, 'no metadata'));
      }
    }
  }

  async #placeOnce(log: KafkaLog, isOver: () => boolean): Promise<void> {
    const numbers = [...this.#assigned.keys()];
    const topicId = await log.topicId();
    const committed = await log.committed(numbers);
    const walked = [...this.#assigned].flatMap(([number, { walked: point }]) =>
      point === undefined ? [] : [[number, point] as const],
    );
    const logs = await log.read(numbers, topicId, [...committed, ...walked]);
    if (isOver()) return;
    this.#topicId = topicId;
    this.#letGo(topicId);
    for (const [number, partition] of this.#assigned) {
      const found = logs.get(number);
      if (found === undefined) throw new Error(`partition ${number} is not told of`);
      const placement = placePartition(committed.get(number), partition.walked, found);
      this.#tell(number, partition, placement);
      partition.place(placement, found.topicId, committed.get(number));
      this.reader?.readFrom(number, placement.at);
    }
  }

  /** What is pending of a topic that is no more cannot be delivered again by anybody: it stays with the sink. */
  #letGo(topicId: string | undefined): void {
    for (const lost of this.#leaving.splice(0)) {
      const of = lost.walked?.topicId;
      if (of === undefined || topicId === undefined || of === topicId) lost.withdraw();
    }
  }

  /** Nobody may learn of it from a message that is missing: what a log has lost is said, and counted where it was unread. */
  #tell(number: number, partition: AssignedPartition, { kind, at, from }: Placement): void {
    if (kind === 'continued') return;
    const { topic, log } = this.#options;
    const where = { topic, partition: number, from: from.toString(), at: at.toString() };
    if (kind === 'trimmed') {
      // A join may come before the new position is committed: what was counted is not counted again.
      const first = partition.skippedTo > from ? partition.skippedTo : from;
      const skipped = Number(at - first) - partition.heldBetween(first, at);
      if (skipped <= 0) return;
      this.#skipped += skipped;
      const event = 'positions-skipped';
      const message = `Kafka has deleted ${skipped} positions that this group had not read (retention, or deleted records): they are passed over, and what they held is only on the other side, if anywhere`;
      log.error({ event, ...where, skipped, skippedInAll: this.#skipped }, message);
      return;
    }
    const why = kind === 'replaced' ? 'the topic was deleted and made anew' : 'the log was cut off before its end';
    const event = kind === 'replaced' ? 'topic-replaced' : 'log-truncated';
    log.error({ event, ...where }, `${why}: the partition is read again from here, and repeats are recognized by ID`);
  }
}
