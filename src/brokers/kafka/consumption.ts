import kafkajs, { type Cluster, type Consumer, type Kafka } from 'kafkajs';
import { within } from '../../async/waiting.js';
import { toError } from '../../domain/errors.js';
import type { Log } from '../../domain/log.js';
import type { BrokerTime, DeliverySink } from '../source.js';
import type { ConsumerSession } from '../supervisor.js';
import type { KafkaAssignment } from './assignment.js';
import { KafkaBatchDispatcher } from './dispatcher.js';
import { KafkaCommits } from './offsets/commits.js';
import { KafkaLog } from './offsets/partition-log.js';

export interface KafkaConsumptionOptions {
  readonly kafka: Kafka;
  readonly topic: string;
  readonly group: string;
  /** Outlives this consumption. */
  readonly assignment: KafkaAssignment;
  readonly sink: DeliverySink;
  readonly brokerTime: (partition: number, offset: bigint) => BrokerTime;
  readonly log: Log;
  /** Called at every successful fetch once the partitions are placed. */
  readonly ready: () => void;
}

/** A member killed without a word holds its partitions for this long, and a stalled event loop must fit in it. */
const SESSION_TIMEOUT_MS = 10_000;
const HEARTBEAT_MS = 2000;
/** How long the group waits for its members at a rebalance; ours let go within a heartbeat. */
const REBALANCE_TIMEOUT_MS = 15_000;
/** kafkajs also sleeps this long when all partitions are paused, and can stop only then. */
const FETCH_WAIT_MS = 1000;
const COMMIT_MS = 500;
/** How often it is asked whether the topic is still the one that was joined: fetches do not tell. */
const IDENTITY_MS = 2000;
/** A broker that is away ends the consumer long before; what is silent for longer hangs. */
const SILENCE_MS = 60_000;
const CLOSE_MS = 10_000;
const PARTITIONS_AT_ONCE = 16;

/** One life of a kafkajs consumer in its group. */
export class KafkaConsumption implements ConsumerSession {
  readonly ended: Promise<Error>;
  readonly #options: KafkaConsumptionOptions;
  readonly #consumer: Consumer;
  readonly #dispatcher: KafkaBatchDispatcher;
  readonly #commits: KafkaCommits;
  readonly #timers: NodeJS.Timeout[] = [];
  #end: (cause: Error) => void = () => undefined;
  #lastSign = performance.now();
  #cluster: Cluster | undefined;
  readonly #closing = new AbortController();
  #checking = false;

  private constructor(options: KafkaConsumptionOptions) {
    const { kafka, topic, group, assignment, sink, brokerTime, log } = options;
    this.#options = options;
    this.#consumer = kafka.consumer({
      groupId: group,
      sessionTimeout: SESSION_TIMEOUT_MS,
      heartbeatInterval: HEARTBEAT_MS,
      rebalanceTimeout: REBALANCE_TIMEOUT_MS,
      maxWaitTimeInMs: FETCH_WAIT_MS,
      metadataMaxAge: 30_000,
      allowAutoTopicCreation: false,
      partitionAssigners: [
        (config) => {
          this.#cluster = config.cluster;
          return kafkajs.PartitionAssigners.roundRobin(config);
        },
      ],
    });
    this.#dispatcher = new KafkaBatchDispatcher({
      consumer: this.#consumer,
      topic,
      assignment,
      sink,
      brokerTime,
      kafkaLog: () => this.#log(),
      end: (cause) => this.#end(cause),
      log,
    });
    assignment.reader = this.#dispatcher;
    this.#commits = new KafkaCommits(this.#consumer, topic, log);
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /** Resolves once the consumer has joined its group, or has ended. Rejects when it cannot, having let go of it. */
  static async begin(options: KafkaConsumptionOptions): Promise<KafkaConsumption> {
    const consumption = new KafkaConsumption(options);
    try {
      await consumption.#start();
      return consumption;
    } catch (error) {
      await consumption.close();
      throw error;
    }
  }

  /** Hands nothing more over, waits until what was handed over is settled or the time is up, and commits. */
  async drain(ms: number): Promise<void> {
    this.#dispatcher.stop();
    await within(ms, this.#options.assignment.drained());
    await this.#commit();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#dispatcher.stop();
    for (const timer of this.#timers) clearInterval(timer);
    const { log } = this.#options;
    await within(
      CLOSE_MS,
      this.#consumer.disconnect().catch((err) => log.debug({ err }, 'the Kafka consumer did not close well')),
    );
  }

  async #start(): Promise<void> {
    const { topic, log } = this.#options;
    this.#listen();
    await this.#consumer.connect();
    await this.#consumer.subscribe({ topics: [topic], fromBeginning: true });
    await this.#consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: PARTITIONS_AT_ONCE,
      eachBatch: (payload) => this.#dispatcher.handOut(payload),
    });
    this.#timers.push(
      setInterval(() => void this.#commits.commitIfIdle(this.#options.assignment.partitions), COMMIT_MS),
      setInterval(() => void this.#checkTopic(), IDENTITY_MS),
      setInterval(() => {
        if (performance.now() - this.#lastSign < SILENCE_MS) return;
        this.#end(new Error(`no sign of life from the Kafka consumer of ${topic} for ${SILENCE_MS / 1000} s`));
      }, HEARTBEAT_MS),
    );
    log.debug({ topic }, 'the Kafka consumer runs');
  }

  #listen(): void {
    const { topic, group, assignment, log, ready } = this.#options;
    const { events } = this.#consumer;
    const sign = () => {
      this.#lastSign = performance.now();
    };
    this.#consumer.on(events.CRASH, ({ payload }) => this.#end(payload.error));
    this.#consumer.on(events.HEARTBEAT, sign);
    this.#consumer.on(events.FETCH, () => {
      sign();
      if (assignment.isPlaced) ready();
    });
    this.#consumer.on(events.GROUP_JOIN, ({ payload }) => {
      sign();
      const partitions = payload.memberAssignment[topic] ?? [];
      log.info({ topic, group, partitions }, 'joined the Kafka consumer group');
      assignment.join(partitions, this.#log(), this.#closing.signal).catch((error: unknown) => {
        const cause = toError(error);
        this.#end(new Error(`where its partitions stand could not be asked: ${cause.message}`, { cause }));
      });
    });
    // The coordinator still takes commits while it gathers the members: what they cover is not delivered twice.
    this.#consumer.on(events.REBALANCING, () => void this.#commit());
    this.#consumer.on(events.START_BATCH_PROCESS, ({ payload: { partition, batchSize, firstOffset, lastOffset } }) => {
      if (batchSize > 0) return;
      assignment.partitions.get(partition)?.skip(BigInt(firstOffset ?? lastOffset), BigInt(lastOffset));
    });
  }

  /** A topic that was deleted and made anew may hold other records at the positions of before, and no fetch fails. */
  async #checkTopic(): Promise<void> {
    const { assignment, topic, log } = this.#options;
    const { topicId, generation } = assignment;
    if (topicId === undefined || this.#checking) return;
    this.#checking = true;
    try {
      const now = await this.#log().topicId();
      if (now === topicId || assignment.generation !== generation) return;
      this.#end(new Error(`the topic ${topic} was deleted and made anew`));
    } catch (err) {
      log.debug({ err, topic }, 'whether the topic is still the same could not be asked');
    } finally {
      this.#checking = false;
    }
  }

  #commit(): Promise<void> {
    return this.#commits.commit(this.#options.assignment.partitions);
  }

  #log(): KafkaLog {
    const { topic, group } = this.#options;
    if (this.#cluster === undefined) throw new Error('kafkajs has not begun to consume');
    return new KafkaLog({ cluster: this.#cluster, topic, group });
  }
}
