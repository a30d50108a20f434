import { setTimeout as pause } from 'node:timers/promises';
import { type Admin, Kafka, logLevel } from 'kafkajs';

/** What the Kafka broker itself says of the migration's topic and group. */
export class KafkaTruth {
  readonly #admin: Admin;
  readonly #topic: string;
  readonly #group: string;

  private constructor(admin: Admin, topic: string, group: string) {
    this.#admin = admin;
    this.#topic = topic;
    this.#group = group;
  }

  static async open(brokers: readonly string[], topic: string, group: string): Promise<KafkaTruth> {
    const kafka = new Kafka({ clientId: 'handover-chaos', brokers: [...brokers], logLevel: logLevel.NOTHING });
    const admin = kafka.admin();
    await admin.connect();
    return new KafkaTruth(admin, topic, group);
  }

  /** The sum of the committed offsets: it goes up by one for each message that the group has accepted. */
  async committed(): Promise<number> {
    const [of] = await this.#admin.fetchOffsets({ groupId: this.#group, topics: [this.#topic] });
    return (of?.partitions ?? []).reduce((sum, { offset }) => sum + Math.max(Number(offset), 0), 0);
  }

  /** Messages in the topic that the group has not committed. */
  async lag(): Promise<number> {
    const ends = await this.#admin.fetchTopicOffsets(this.#topic);
    const stored = ends.reduce((sum, { offset }) => sum + Number(offset), 0);
    return stored - (await this.committed());
  }

  /** Members of the group, and whether they agree on who reads what. */
  async group(): Promise<{ readonly state: string; readonly members: number }> {
    const { groups } = await this.#admin.describeGroups([this.#group]);
    const [group] = groups;
    return { state: group?.state ?? 'Unknown', members: group?.members.length ?? 0 };
  }

  /** Sends the group back to the first message that the topic holds. Nobody may consume meanwhile. */
  async rewind(): Promise<void> {
    await this.#admin.resetOffsets({ groupId: this.#group, topic: this.#topic, earliest: true });
  }

  /** Deletes the topic with all that is in it, and makes one of the same name with as many partitions. */
  async makeTopicAnew(): Promise<void> {
    const { topics } = await this.#admin.fetchTopicMetadata({ topics: [this.#topic] });
    const numPartitions = topics[0]?.partitions.length ?? 1;
    await this.#admin.deleteTopics({ topics: [this.#topic] });
    while ((await this.#admin.listTopics()).includes(this.#topic)) await pause(100);
    await this.#admin.createTopics({ topics: [{ topic: this.#topic, numPartitions }], waitForLeaders: true });
  }

  async close(): Promise<void> {
    await this.#admin.disconnect();
  }
}
