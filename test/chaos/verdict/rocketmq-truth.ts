import { BrokerAdmin, listBrokers } from '../../../src/local/stack/provision/rocketmq-admin.js';
import { RemotingConnection } from '../../../src/local/stack/provision/rocketmq-remoting.js';

/** Codes of RocketMQ's remoting protocol. */
const [MAXIMUM_OFFSET, TOPIC_CONFIG] = [30, 351];
const SUCCESS = 0;

/** What the RocketMQ broker itself says of the migration's topic and group. */
export class RocketmqTruth {
  readonly #nameServer: string;
  readonly #topic: string;
  readonly #group: string;

  constructor(nameServer: string, topic: string, group: string) {
    this.#nameServer = nameServer;
    this.#topic = topic;
    this.#group = group;
  }

  /** Messages that the group has not acknowledged: in the topic, and among those that wait to be handed out once more. */
  async lag(): Promise<number> {
    return this.#sum(
      [this.#topic, `%RETRY%${this.#group}_${this.#topic}`],
      async (admin, topic, queueId, stored) =>
        stored - Number((await admin.position(this.#group, topic, queueId)) ?? 0),
    );
  }

  /** Messages that the broker itself has given up on. None may be: nobody would look for them there. */
  async givenUp(): Promise<number> {
    return this.#sum([`%DLQ%${this.#group}`], async (_admin, _topic, _queueId, stored) => stored);
  }

  async #sum(
    topics: readonly string[],
    count: (admin: BrokerAdmin, topic: string, queueId: number, stored: number) => Promise<number>,
  ): Promise<number> {
    let sum = 0;
    for (const address of (await listBrokers(this.#nameServer)).values()) {
      const admin = await BrokerAdmin.open(address);
      const connection = await RemotingConnection.open(address);
      try {
        for (const topic of topics) {
          const { code, body } = await connection.send({ code: TOPIC_CONFIG, fields: { topic } });
          // The topics of retries and of what was given up are made when there is something for them.
          const { readQueueNums = 0 }: { readQueueNums?: number } = code === SUCCESS ? JSON.parse(body.toString()) : {};
          for (let queueId = 0; queueId < readQueueNums; queueId += 1) {
            const { fields } = await connection.send({ code: MAXIMUM_OFFSET, fields: { topic, queueId } });
            sum += await count(admin, topic, queueId, Number(fields['offset'] ?? 0));
          }
        }
      } finally {
        admin.close();
        connection.close();
      }
    }
    return sum;
  }
}
