import type { Encoding } from '../../inflate/inflate.js';

/** Where the fields lie, counted from behind the batch's length. */
const AT = {
  leaderEpoch: 0,
  crc: 5,
  attributes: 9,
  lastOffsetDelta: 11,
  firstTimestamp: 15,
  maxTimestamp: 23,
  producerId: 31,
  count: 45,
  records: 49,
} as const;

const CODEC_MASK = 0x07;
const LOG_APPEND_TIME = 0x08;
const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;
const CODECS: readonly (Encoding | undefined)[] = [undefined, 'gzip', 'snappy', 'lz4', 'zstd'];

/** What kafkajs looks at, of the batch that a record came in, to leave out aborted transactions; and who wrote it. */
export interface BatchContext {
  /** The epoch of the leader that wrote it: without it, a log that was cut off is not told from one that goes on. */
  readonly partitionLeaderEpoch: number;
  readonly firstOffset: string;
  readonly lastOffsetDelta: number;
  readonly producerId: string;
  readonly inTransaction: boolean;
  readonly isControlBatch: boolean;
}

/** A record batch (format 2) as the broker stores it: its header is read, its records are not. */
export class StoredBatch {
  readonly firstOffset: bigint;
  readonly #bytes: Buffer;

  /** `bytes`: everything behind the batch's length. @throws Error when they cannot be a batch. */
  constructor(firstOffset: bigint, bytes: Buffer) {
    if (bytes.length < AT.records) throw new Error('a Kafka batch that is shorter than its header');
    this.firstOffset = firstOffset;
    this.#bytes = bytes;
  }

  get lastOffset(): bigint {
    return this.firstOffset + BigInt(this.#bytes.readInt32BE(AT.lastOffsetDelta));
  }

  /** How many records it says that it has. */
  get count(): number {
    return this.#bytes.readInt32BE(AT.count);
  }

  /** Its records as they are stored. */
  get records(): Buffer {
    return this.#bytes.subarray(AT.records);
  }

  /** Undefined: they are not compressed. @throws Error when nobody knows how they are. */
  get encoding(): Encoding | undefined {
    const codec = this.#attributes & CODEC_MASK;
    if (codec >= CODECS.length) throw new Error(`a Kafka batch of the unknown codec ${codec}`);
    return CODECS[codec];
  }

  /** What its checksum covers, and the checksum. */
  get checked(): { readonly bytes: Buffer; readonly checksum: number } {
    return { bytes: this.#bytes.subarray(AT.attributes), checksum: this.#bytes.readUInt32BE(AT.crc) };
  }

  get context(): BatchContext {
    return {
      partitionLeaderEpoch: this.#bytes.readInt32BE(AT.leaderEpoch),
      firstOffset: this.firstOffset.toString(),
      lastOffsetDelta: this.#bytes.readInt32BE(AT.lastOffsetDelta),
      producerId: this.#bytes.readBigInt64BE(AT.producerId).toString(),
      inTransaction: (this.#attributes & TRANSACTIONAL) !== 0,
      isControlBatch: (this.#attributes & CONTROL) !== 0,
    };
  }

  /** A record's time, in ms since the epoch. */
  timestamp(delta: bigint): string {
    const byBroker = (this.#attributes & LOG_APPEND_TIME) !== 0;
    const time = byBroker
      ? this.#bytes.readBigInt64BE(AT.maxTimestamp)
      : this.#bytes.readBigInt64BE(AT.firstTimestamp) + delta;
    return time.toString();
  }

  get #attributes(): number {
    return this.#bytes.readInt16BE(AT.attributes);
  }
}
