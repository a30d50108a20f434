import type { OutgoingRecord, Publisher } from '../../../src/brokers/publisher.js';
import type { Side } from '../../../src/domain/side.js';

/** A publisher that remembers its records and answers as told: an error is thrown, undefined is success. */
export class FakePublisher implements Publisher {
  readonly side: Side;
  readonly attempts: OutgoingRecord[] = [];
  readonly published: OutgoingRecord[] = [];
  closed = false;
  readonly #answer: (record: OutgoingRecord, attempt: number) => Error | undefined;

  constructor(side: Side, answer: (record: OutgoingRecord, attempt: number) => Error | undefined = () => undefined) {
    this.side = side;
    this.#answer = answer;
  }

  async publish(record: OutgoingRecord): Promise<string> {
    this.attempts.push(record);
    const error = this.#answer(record, this.attempts.length);
    if (error !== undefined) throw error;
    this.published.push(record);
    return `${this.side}:${record.topic}/0/${this.published.length - 1}`;
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}
