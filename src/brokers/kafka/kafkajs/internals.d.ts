declare module 'kafkajs/src/network/requestQueue/index.js' {
  class RequestQueue {
    pending: unknown[];
    /** Until when the broker has told the client to wait (ms since the epoch); -1 without that. */
    throttledUntil: number;
    scheduleCheckPendingRequests(): void;
  }
  export = RequestQueue;
}

declare module 'kafkajs/src/consumer/consumerGroup.js' {
  import type { Batch } from 'kafkajs';

  class ConsumerGroup {
    /** Made anew at each join; undefined before the first. */
    offsetManager: object | null;
    fetch(nodeId: string): Promise<Batch[]>;
    /** Sends one if the last is older than the interval, in ms. */
    heartbeat(options: { readonly interval: number }): Promise<void>;
    recoverFromOffsetOutOfRange(error: Error & { readonly topic: string; readonly partition: number }): Promise<void>;
  }
  export = ConsumerGroup;
}

declare module 'kafkajs/src/consumer/batch.js' {
  /** What one fetch has brought of a partition, as the consumer's events and `eachBatch` tell of it. */
  class Batch {
    constructor(
      topic: string,
      fetchedOffset: string,
      brought: {
        readonly partition: number;
        readonly highWatermark: string;
        readonly abortedTransactions: readonly unknown[];
        readonly messages: readonly unknown[];
      },
    );
    isEmptyDueToFiltering(): boolean;
    firstOffset(): string | null;
    lastOffset(): string;
  }
  export = Batch;
}

declare module 'kafkajs/src/consumer/runner.js' {
  import type { Batch } from 'kafkajs';

  class Runner {
    consumerGroup: import('kafkajs/src/consumer/consumerGroup.js');
    handleBatch(batch: Batch): Promise<void>;
  }
  export = Runner;
}

declare module 'kafkajs/src/consumer/offsetManager/index.js' {
  interface TopicOffsets {
    readonly topic: string;
    readonly partitions: readonly { readonly partition: number }[];
  }
  class OffsetManager {
    constructor(options: object);
    /** The partitions of its generation, by topic. */
    memberAssignment: Readonly<Record<string, readonly number[]>>;
    commitOffsets(offsets?: { readonly topics?: readonly TopicOffsets[] }): Promise<void>;
  }
  export = OffsetManager;
}

declare module 'kafkajs/src/protocol/encoder.js' {
  class Encoder {
    readonly buffer: Buffer;
    writeInt8(value: number): this;
    writeInt32(value: number): this;
    writeBoolean(value: boolean): this;
    writeString(value: string): this;
    writeUVarIntString(value: string): this;
    writeUVarInt(value: number): this;
    writeBuffer(value: Buffer): this;
    writeEncoder(value: Encoder): this;
    writeArray(value: readonly Encoder[]): this;
  }
  export = Encoder;
}

declare module 'kafkajs/src/protocol/decoder.js' {
  class Decoder {
    constructor(buffer: Buffer);
    readInt16(): number;
    readInt32(): number;
    readInt64(): { toString(): string };
    readBoolean(): boolean;
    readString(): string;
    readUVarInt(): number;
    readUVarIntString(): string | null;
    readBytes(length: number): Buffer | null;
    readArray<T>(read: (decoder: Decoder) => T): T[];
    readUVarIntArray<T>(read: (decoder: Decoder) => T): T[];
    readTaggedFields(): unknown;
  }
  export = Decoder;
}

declare module 'kafkajs/src/broker/index.js' {
  interface FetchedPartition {
    readonly partition: number;
    /** What the decoder of batches has made of them, or messages of older formats. */
    readonly messages: readonly unknown[];
  }
  interface FetchRequest {
    readonly topics: readonly {
      readonly topic: string;
      readonly partitions: readonly { readonly partition: number; readonly fetchOffset: string }[];
    }[];
  }
  interface FetchResponse {
    readonly responses: { readonly topicName: string; partitions: FetchedPartition[] }[];
  }
  class Broker {
    /** The logger of the client that this connection belongs to. */
    readonly rootLogger: object;
    fetch(request: FetchRequest): Promise<FetchResponse>;
  }
  export = Broker;
}

declare module 'kafkajs/src/errors.js' {
  export class KafkaJSPartialMessageError extends Error {}
}

declare module 'kafkajs/src/protocol/recordBatch/crc32C/index.js' {
  const crc32c: (bytes: Buffer) => number;
  export = crc32c;
}
