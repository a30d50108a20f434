import { HandoverError } from '../../../domain/errors.js';
import { type RemotingAnswer, RemotingConnection, type RemotingRequest } from './rocketmq-remoting.js';

/** Request codes of the remoting protocol, as far as they are used here. */
const REQUEST = {
  queryConsumerOffset: 14,
  updateConsumerOffset: 15,
  createTopic: 17,
  minimumOffset: 31,
  route: 105,
  clusterInfo: 106,
  createGroup: 200,
  topicConfig: 351,
  groupConfig: 352,
} as const;

/** Response codes that are answers rather than faults. */
const SUCCESS = 0;
const TOPIC_NOT_EXIST = 17;
const QUERY_NOT_FOUND = 22;
const GROUP_NOT_EXIST = 26;

const READ_AND_WRITE = 6;

/** What a name server says about a topic: undefined if it knows of none. */
export async function topicIsRouted(nameServer: string, topic: string): Promise<boolean> {
  return withConnection(nameServer, async (connection) => {
    const fields = { topic, acceptStandardJsonOnly: true };
    const answer = await ask(connection, { code: REQUEST.route, fields }, [TOPIC_NOT_EXIST]);
    return answer.code === SUCCESS;
  });
}

/** The addresses of the brokers (masters) that have registered with a name server, by broker name. */
export async function listBrokers(nameServer: string): Promise<ReadonlyMap<string, string>> {
  return withConnection(nameServer, async (connection) => {
    const { body } = await ask(connection, { code: REQUEST.clusterInfo });
    // The name server writes the broker IDs, which are keys here, without quotes.
    const standard = body.toString().replace(/([{,])(\d+):/g, '$1"$2":');
    const { brokerAddrTable }: { brokerAddrTable: Record<string, { brokerAddrs: Record<string, string> }> } =
      JSON.parse(standard);
    return new Map(
      Object.entries(brokerAddrTable).flatMap(([name, { brokerAddrs }]) => {
        const master = brokerAddrs['0'];
        return master === undefined ? [] : [[name, master] as const];
      }),
    );
  });
}

/** Administers one broker. Everything here may be repeated: what is there is left as it is. */
export class BrokerAdmin {
  readonly #connection: RemotingConnection;

  private constructor(connection: RemotingConnection) {
    this.#connection = connection;
  }

  /** @throws HandoverError `broker-unavailable` */
  static async open(address: string): Promise<BrokerAdmin> {
    return new BrokerAdmin(await RemotingConnection.open(address));
  }

  close(): void {
    this.#connection.close();
  }

  /** Makes a topic for ordinary messages, unless there is one of this name. */
  async createTopic(topic: string, queues: number): Promise<void> {
    const found = await this.#ask({ code: REQUEST.topicConfig, fields: { topic } }, [TOPIC_NOT_EXIST]);
    if (found.code === SUCCESS) return;
    const fields = {
      topic,
      defaultTopic: 'TBW102',
      readQueueNums: queues,
      writeQueueNums: queues,
      perm: READ_AND_WRITE,
      topicFilterType: 'SINGLE_TAG',
      topicSysFlag: 0,
      order: false,
      attributes: '+message.type=NORMAL',
    };
    await this.#ask({ code: REQUEST.createTopic, fields });
  }

  /** Makes a consumer group that delivers a message at least `retries` times before the broker puts it away. */
  async createGroup(group: string, retries: number): Promise<void> {
    const found = await this.#ask({ code: REQUEST.groupConfig, fields: { group } }, [GROUP_NOT_EXIST]);
    const settings = found.code === SUCCESS ? JSON.parse(found.body.toString()) : { groupName: group };
    if (settings.retryMaxTimes >= retries) return;
    await this.#ask({ code: REQUEST.createGroup, body: JSON.stringify({ ...settings, retryMaxTimes: retries }) });
  }

  /**
   * Has the group begin at the first message that the topic holds, in every queue in which it has no position yet. Left
   * to itself a new group begins at the end of a queue, or at its start, depending on what the broker has in memory.
   */
  async pinStart(group: string, topic: string): Promise<void> {
    const { body } = await this.#ask({ code: REQUEST.topicConfig, fields: { topic } });
    const { readQueueNums }: { readQueueNums: number } = JSON.parse(body.toString());
    for (let queueId = 0; queueId < readQueueNums; queueId++) {
      if ((await this.position(group, topic, queueId)) !== undefined) continue;
      const { fields } = await this.#ask({ code: REQUEST.minimumOffset, fields: { topic, queueId } });
      const commitOffset = fields['offset'] ?? 0;
      await this.#ask({
        code: REQUEST.updateConsumerOffset,
        fields: { consumerGroup: group, topic, queueId, commitOffset },
      });
    }
  }

  /** The group's position in a queue; undefined if it has none. */
  async position(group: string, topic: string, queueId: number): Promise<bigint | undefined> {
    const fields = { consumerGroup: group, topic, queueId, setZeroIfNotFound: false };
    const answer = await this.#ask({ code: REQUEST.queryConsumerOffset, fields }, [QUERY_NOT_FOUND]);
    return answer.code === SUCCESS ? BigInt(answer.fields['offset'] ?? 0) : undefined;
  }

  #ask(request: RemotingRequest, alsoAnswers: readonly number[] = []): Promise<RemotingAnswer> {
    return ask(this.#connection, request, alsoAnswers);
  }
}

async function withConnection<T>(address: string, use: (connection: RemotingConnection) => Promise<T>): Promise<T> {
  const connection = await RemotingConnection.open(address);
  try {
    return await use(connection);
  } finally {
    connection.close();
  }
}

/** @throws HandoverError `broker-refused` for a response code that is neither success nor in `alsoAnswers` */
async function ask(
  connection: RemotingConnection,
  request: RemotingRequest,
  alsoAnswers: readonly number[] = [],
): Promise<RemotingAnswer> {
  const answer = await connection.send(request);
  if (answer.code === SUCCESS || alsoAnswers.includes(answer.code)) return answer;
  throw new HandoverError('broker-refused', `RocketMQ refused a request (code ${answer.code}): ${answer.remark}`);
}
