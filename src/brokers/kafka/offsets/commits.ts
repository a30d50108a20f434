import type { Consumer } from 'kafkajs';
import type { Log } from '../../../domain/log.js';
import type { AssignedPartition } from '../partition.js';
import { writeCommitNote } from './commit-note.js';

/** Commits the watermarks of the assigned partitions, one request at a time. */
export class KafkaCommits {
  readonly #consumer: Consumer;
  readonly #topic: string;
  readonly #log: Log;
  #running: Promise<void> | undefined;

  constructor(consumer: Consumer, topic: string, log: Log) {
    this.#consumer = consumer;
    this.#topic = topic;
    this.#log = log;
  }

  /** Resolves once a request that began after this call is answered. Never rejects: what stays uncommitted is delivered again. */
  async commit(assigned: ReadonlyMap<number, AssignedPartition>): Promise<void> {
    await this.#running;
    await this.commitIfIdle(assigned);
  }

  /** The same, unless a request is running: for a timer, whose next tick follows anyway. */
  commitIfIdle(assigned: ReadonlyMap<number, AssignedPartition>): Promise<void> {
    this.#running ??= this.#commit(assigned).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #commit(assigned: ReadonlyMap<number, AssignedPartition>): Promise<void> {
    const due = [...assigned].flatMap(([number, partition]) => {
      const point = partition.uncommitted;
      return point === undefined ? [] : [{ number, partition, point }];
    });
    if (due.length === 0) return;
    try {
      await this.#consumer.commitOffsets(
        due.map(({ number, point }) => ({
          topic: this.#topic,
          partition: number,
          offset: point.position.toString(),
          metadata: writeCommitNote(point),
        })),
      );
      for (const { partition, point } of due) partition.committed(point);
    } catch (err) {
      this.#log.warn({ err, topic: this.#topic }, 'offsets were not committed; what they cover may be delivered again');
    }
  }
}
