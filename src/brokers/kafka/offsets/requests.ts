import type { Broker } from 'kafkajs';
import Decoder from 'kafkajs/src/protocol/decoder.js';
import Encoder from 'kafkajs/src/protocol/encoder.js';

/** A broker as kafkajs has it: it can send requests that kafkajs does not know. */
export interface RawBroker extends Broker {
  /** What it supports, by API key. */
  readonly versions: Readonly<Record<number, { readonly maxVersion: number }>> | null;
  readonly connectionPool: { send(exchange: Exchange<unknown>): Promise<unknown> };
}

interface Exchange<T> {
  readonly request: {
    readonly apiKey: number;
    readonly apiVersion: number;
    readonly apiName: string;
    readonly encode: () => Promise<Encoder>;
  };
  readonly response: { readonly decode: (raw: Buffer) => Promise<T>; readonly parse: (answer: T) => Promise<T> };
}

const METADATA = 3;
/** The first version with topic IDs, of Kafka 2.8. */
const METADATA_WITH_IDS = 10;
const OFFSET_FOR_LEADER_EPOCH = 23;
/** The one that any consumer may ask; since Kafka 2.3. */
const OFFSET_FOR_LEADER_EPOCH_VERSION = 3;
const UNKNOWN_TOPIC_OR_PARTITION = 3;
const UNDEFINED_OFFSET = -1n;

/** Who a topic is: one that is deleted and made anew has another ID. */
export interface TopicIdentity {
  /** As hexadecimal digits. Undefined where the broker is too old to tell. */
  readonly id: string | undefined;
}

/** Resolves with `missing` if there is no such topic. Rejects with whatever else the broker has against it. */
export async function askTopicIdentity(broker: RawBroker, topic: string): Promise<TopicIdentity | 'missing'> {
  if (!supports(broker, METADATA, METADATA_WITH_IDS)) return { id: undefined };
  const { error, id } = await exchange(broker, {
    apiKey: METADATA,
    apiVersion: METADATA_WITH_IDS,
    apiName: 'Metadata',
    encode: (request) =>
      request
        // No tagged fields in the header, then one topic.
        .writeUVarInt(0)
        .writeUVarInt(2)
        .writeBuffer(Buffer.alloc(16))
        .writeUVarIntString(topic)
        .writeUVarInt(0)
        // Neither create the topic, nor tell who may do what with the cluster and with the topic.
        .writeBoolean(false)
        .writeBoolean(false)
        .writeBoolean(false)
        .writeUVarInt(0),
    decode: readIdentity,
  });
  if (error === UNKNOWN_TOPIC_OR_PARTITION) return 'missing';
  if (error !== 0) throw new Error(`the broker does not describe ${topic}: error code ${error}`);
  return { id };
}

function readIdentity(answer: Decoder): { readonly error: number; readonly id: string } {
  answer.readTaggedFields();
  answer.readInt32();
  answer.readUVarIntArray((node) => {
    node.readInt32();
    node.readUVarIntString();
    node.readInt32();
    node.readUVarIntString();
    node.readTaggedFields();
  });
  answer.readUVarIntString();
  answer.readInt32();
  if (answer.readUVarInt() !== 2)
    throw new Error('the broker describes another number of topics than it was asked for');
  const error = answer.readInt16();
  answer.readUVarIntString();
  return { error, id: Buffer.from(answer.readBytes(16) ?? []).toString('hex') };
}

/** A partition, and an epoch of its leaders. */
export interface EpochQuestion {
  readonly partition: number;
  readonly epoch: number;
}

/**
 * Asks the leader of the partitions where their records of an epoch, or an earlier one, end: `none` for an epoch that the
 * log never had. Nothing where the broker is too old to tell. Rejects if it leads one of the partitions no more.
 */
export async function askEpochEnds(
  broker: RawBroker,
  topic: string,
  questions: readonly EpochQuestion[],
): Promise<ReadonlyMap<number, bigint | 'none'>> {
  if (!supports(broker, OFFSET_FOR_LEADER_EPOCH, OFFSET_FOR_LEADER_EPOCH_VERSION)) return new Map();
  const ends = await exchange(broker, {
    apiKey: OFFSET_FOR_LEADER_EPOCH,
    apiVersion: OFFSET_FOR_LEADER_EPOCH_VERSION,
    apiName: 'OffsetForLeaderEpoch',
    encode: (request) => {
      // Asked as a consumer, which is no replica.
      request.writeInt32(-1).writeInt32(1).writeString(topic).writeInt32(questions.length);
      // Without a word of which leader is thought to be the current one.
      for (const { partition, epoch } of questions) request.writeInt32(partition).writeInt32(-1).writeInt32(epoch);
      return request;
    },
    decode: readEpochEnds,
  });
  const refused = ends.find(({ error }) => error !== 0);
  if (refused !== undefined) {
    throw new Error(`partition ${refused.partition} of ${topic} is not told of: error code ${refused.error}`);
  }
  return new Map(ends.map(({ partition, end }) => [partition, end === UNDEFINED_OFFSET ? 'none' : end]));
}

function readEpochEnds(answer: Decoder) {
  answer.readInt32();
  const topics = answer.readArray((of) => {
    of.readString();
    return of.readArray((entry) => {
      const error = entry.readInt16();
      const partition = entry.readInt32();
      entry.readInt32();
      return { error, partition, end: BigInt(entry.readInt64().toString()) };
    });
  });
  return topics.flat();
}

function supports({ versions }: RawBroker, apiKey: number, version: number): boolean {
  return (versions?.[apiKey]?.maxVersion ?? -1) >= version;
}

async function exchange<T>(
  broker: RawBroker,
  {
    encode,
    decode,
    ...request
  }: Omit<Exchange<T>['request'], 'encode'> & {
    readonly encode: (request: Encoder) => Encoder;
    readonly decode: (answer: Decoder) => T;
  },
): Promise<T> {
  const answer = await broker.connectionPool.send({
    request: { ...request, encode: async () => encode(new Encoder()) },
    response: { decode: async (raw) => decode(new Decoder(raw)), parse: async (decoded) => decoded },
  });
  return answer as T;
}
