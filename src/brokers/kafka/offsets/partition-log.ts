import type { Cluster } from 'kafkajs';
import { readCommit } from './commit-note.js';
import type { LogPoint, PartitionLog } from './placement.js';
import { askEpochEnds, askTopicIdentity, type EpochQuestion, type RawBroker } from './requests.js';

export interface KafkaLogOptions {
  /** Of the consumer itself: its connections, and its knowledge of who leads what. */
  readonly cluster: Cluster;
  readonly topic: string;
  readonly group: string;
}

/** The topic as its brokers have it now. Each question rejects when a broker cannot answer it; it may then be asked again. */
export class KafkaLog {
  readonly #options: KafkaLogOptions;

  constructor(options: KafkaLogOptions) {
    this.#options = options;
  }

  /** The ID of the topic, undefined where the broker is too old to tell. Rejects if there is no such topic. */
  async topicId(): Promise<string | undefined> {
    const { topic } = this.#options;
    const answer = await askTopicIdentity(raw(await this.#coordinator()), topic);
    if (answer === 'missing') throw new Error(`the topic ${topic} does not exist`);
    return answer.id;
  }

  /** What the group has committed, for partitions in which it has. */
  async committed(partitions: readonly number[]): Promise<ReadonlyMap<number, LogPoint>> {
    const { topic, group } = this.#options;
    const asked = partitions.map((partition) => ({ partition, offset: '' }));
    const coordinator = await this.#coordinator();
    const { responses } = await coordinator.offsetFetch({ groupId: group, topics: [{ topic, partitions: asked }] });
    const entries = responses.flatMap(
      (of) => of.partitions as { partition: number; offset: string; metadata?: string }[],
    );
    return new Map(
      entries.flatMap(({ partition, offset, metadata }) => {
        const point = readCommit(offset, metadata ?? null);
        return point === undefined ? [] : [[partition, point] as const];
      }),
    );
  }

  /** Where the logs of the partitions begin and end. @param points whose epochs will be asked for, by partition. */
  async read(
    partitions: readonly number[],
    topicId: string | undefined,
    points: readonly (readonly [number, LogPoint])[],
  ): Promise<ReadonlyMap<number, PartitionLog>> {
    const epochs = points.flatMap(([partition, { epoch }]) => (epoch === undefined ? [] : [{ partition, epoch }]));
    const lows = await this.#offsets(partitions, true);
    const highs = await this.#offsets(partitions, false);
    const ends = await this.#epochEnds(epochs);
    return new Map(
      partitions.map((partition) => {
        const low = lows.get(partition);
        const high = highs.get(partition);
        if (low === undefined || high === undefined) throw new Error(`partition ${partition} is not told of`);
        return [partition, { topicId, low, high, endOf: (epoch) => ends.get(keyOf({ partition, epoch })) }];
      }),
    );
  }

  /** Whether the log still is what was read before the point, as far as the broker can tell. */
  async leadsTo(partition: number, { position, epoch }: LogPoint): Promise<boolean> {
    if (epoch === undefined) return true;
    const end = (await this.#epochEnds([{ partition, epoch }])).get(keyOf({ partition, epoch }));
    return end === undefined || (end !== 'none' && end >= position);
  }

  /** To be called before a question is asked again. */
  async refresh(): Promise<void> {
    await this.#options.cluster.refreshMetadata();
  }

  async #offsets(partitions: readonly number[], fromBeginning: boolean): Promise<ReadonlyMap<number, bigint>> {
    const { cluster, topic } = this.#options;
    if (partitions.length === 0) return new Map();
    const asked = partitions.map((partition) => ({ partition }));
    const [answer] = await cluster.fetchTopicsOffset([{ topic, partitions: asked, fromBeginning }]);
    return new Map(answer?.partitions.map(({ partition, offset }) => [partition, BigInt(offset)]));
  }

  async #epochEnds(questions: readonly EpochQuestion[]): Promise<ReadonlyMap<string, bigint | 'none'>> {
    const { cluster, topic } = this.#options;
    const ends = new Map<string, bigint | 'none'>();
    let left = [...new Map(questions.map((question) => [keyOf(question), question])).values()];
    while (left.length > 0) {
      // A request names a partition once, and there may be two epochs of it to ask for.
      const asked = [...new Map(left.map((question) => [question.partition, question])).values()];
      left = left.filter((question) => !asked.includes(question));
      const numbers = asked.map(({ partition }) => partition);
      for (const [nodeId, led] of Object.entries(cluster.findLeaderForPartitions(topic, numbers))) {
        const ofIts = asked.filter(({ partition }) => led.includes(partition));
        const answers = await askEpochEnds(raw(await cluster.findBroker({ nodeId })), topic, ofIts);
        for (const question of ofIts) {
          const end = answers.get(question.partition);
          if (end !== undefined) ends.set(keyOf(question), end);
        }
      }
    }
    return ends;
  }

  #coordinator() {
    return this.#options.cluster.findGroupCoordinator({ groupId: this.#options.group });
  }
}

function keyOf({ partition, epoch }: EpochQuestion): string {
  return `${partition}/${epoch}`;
}

/** kafkajs does not declare what of its brokers sends any request. */
function raw(broker: unknown): RawBroker {
  return broker as RawBroker;
}
