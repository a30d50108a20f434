import type { Admin, Kafka } from 'kafkajs';
import { pause } from '../../../async/waiting.js';
import type { Log } from '../../../domain/log.js';
import type { BrokerTime } from '../../source.js';
import { KafkaPast, type PartitionEnds } from './past.js';
import { KafkaStoredTimes, momentNow } from './stored-times.js';

export interface KafkaPastSamplerOptions {
  readonly kafka: Kafka;
  readonly topic: string;
  readonly group: string;
  /** Which topic what is handed out comes from; undefined where the broker does not tell. */
  readonly topicId: () => string | undefined;
  readonly log: Log;
}

const SAMPLE_MS = 1000;

/**
 * Asks the broker about once a second where its partitions end and what the group has committed. Both are the broker's
 * word on the group as a whole, however many processes consume in it.
 */
export class KafkaPastSampler {
  readonly #options: KafkaPastSamplerOptions;
  readonly #past = new KafkaPast();
  readonly #storedTimes = new KafkaStoredTimes();
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #admin: Admin | undefined;
  #topicId: string | undefined;

  constructor(options: KafkaPastSamplerOptions) {
    this.#options = options;
  }

  get value(): number | undefined {
    return this.#past.value;
  }

  /** When the broker stored the record that is handed out now. */
  brokerTime(partition: number, offset: bigint): BrokerTime {
    this.#forgetOther();
    return this.#storedTimes.of(partition, offset, momentNow());
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    await this.#forget();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        await this.#sample();
      } catch (err) {
        // Without a sample the past stays where it was, which remains true.
        this.#options.log.debug({ err, topic: this.#options.topic }, 'how far the Kafka group is could not be asked');
        await this.#forget();
      }
      await pause(SAMPLE_MS, signal);
    }
  }

  async #sample(): Promise<void> {
    const { topic, group, kafka } = this.#options;
    if (this.#admin === undefined) {
      this.#admin = kafka.admin();
      await this.#admin.connect();
    }
    const topicId = this.#options.topicId();
    const askedAt = momentNow();
    const { topics } = await this.#admin.fetchTopicMetadata({ topics: [topic] });
    const offsets = await this.#admin.fetchTopicOffsets(topic);
    const answeredAt = momentNow();
    this.#forgetOther();
    // The ends may be of the topic before.
    if (this.#options.topicId() !== topicId) return;
    // kafkajs asks for the ends of the partitions that it knew when it connected: one added since would be left out.
    if (offsets.length !== topics[0]?.partitions.length) throw new Error(`the partitions of ${topic} have changed`);
    const ends = new Map(offsets.map(endsOf));
    this.#storedTimes.sample(askedAt, answeredAt, ends);
    const [committed] = await this.#admin.fetchOffsets({ groupId: group, topics: [topic] });
    this.#past.sample(askedAt.wall, ends);
    this.#past.committed(new Map(committed?.partitions.map((entry) => [entry.partition, BigInt(entry.offset)])));
  }

  /**
   * A topic that was made anew gives its offsets anew: an end of the one before would make its records older than they are. The
   * ends need not show it, as it may hold more records by now.
   */
  #forgetOther(): void {
    const topicId = this.#options.topicId();
    if (topicId === undefined || topicId === this.#topicId) return;
    if (this.#topicId !== undefined) {
      this.#storedTimes.forget();
      this.#past.forget();
    }
    this.#topicId = topicId;
  }

  async #forget(): Promise<void> {
    const admin = this.#admin;
    this.#admin = undefined;
    await admin
      ?.disconnect()
      .catch((err) => this.#options.log.debug({ err }, 'the Kafka admin client did not close well'));
  }
}

function endsOf({ partition, low, high }: { partition: number; low: string; high: string }): [number, PartitionEnds] {
  return [partition, { low: BigInt(low), high: BigInt(high) }];
}
