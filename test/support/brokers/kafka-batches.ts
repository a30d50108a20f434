import kafkajs, { type Kafka } from 'kafkajs';
import crc32c from 'kafkajs/src/protocol/recordBatch/crc32C/index.js';
import type { Encoding } from '../../../src/brokers/inflate/inflate.js';
import { StoredBatch } from '../../../src/brokers/kafka/records/stored-batch.js';
import { compressParts, type Part } from './compressed.js';

const { CompressionCodecs } = kafkajs;

/** A record as it lies in a batch, for tests that have to make what no producer would. */
export interface RawRecord {
  readonly key?: Buffer | null;
  readonly value: Buffer | null;
  readonly headers?: readonly (readonly [name: string, value: Buffer | null])[];
  /** So many zeros as its value, instead. */
  readonly zeros?: number;
  /** Default: its place in the batch. */
  readonly offsetDelta?: number;
}

export function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let left = BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) >> 63n)); ; left >>= 7n) {
    bytes.push(Number(left & 0x7fn) | (left > 0x7fn ? 0x80 : 0));
    if (left <= 0x7fn) return Buffer.from(bytes);
  }
}

function field(bytes: Buffer | null): Buffer[] {
  return bytes === null ? [varint(-1)] : [varint(bytes.length), bytes];
}

/** A record in parts, with its length in front, so that one with a large body is not copied. */
export function rawRecord({ key = null, value, headers = [], offsetDelta = 0 }: RawRecord): Buffer[] {
  const parts = [
    Buffer.from([0]),
    varint(0),
    varint(offsetDelta),
    ...field(key),
    ...field(value),
    varint(headers.length),
    ...headers.flatMap(([name, content]) => [...field(Buffer.from(name)), ...field(content)]),
  ];
  return [varint(parts.reduce((sum, part) => sum + part.length, 0)), ...parts];
}

export function rawRecords(records: readonly RawRecord[]): Buffer {
  return Buffer.concat(records.flatMap((record, index) => rawRecord({ offsetDelta: index, ...record })));
}

export const CODEC = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const;

export interface BatchParts {
  readonly firstOffset?: bigint;
  readonly count: number;
  /** The records, compressed as `codec` says. */
  readonly stored: Buffer;
  readonly codec?: number;
  /** Default: that of the last record. */
  readonly lastOffsetDelta?: number;
  readonly checksum?: number;
}

export function storedBatch(parts: BatchParts): StoredBatch {
  const { firstOffset = 0n, count, stored, codec = 0, lastOffsetDelta = count - 1 } = parts;
  const header = Buffer.alloc(49);
  header.writeInt8(2, 4);
  header.writeInt16BE(codec, 9);
  header.writeInt32BE(lastOffsetDelta, 11);
  header.writeBigInt64BE(1_795_411_439_052n, 15);
  header.writeBigInt64BE(1_795_411_439_052n, 23);
  header.writeBigInt64BE(-1n, 31);
  header.writeInt32BE(count, 45);
  const bytes = Buffer.concat([header, stored]);
  bytes.writeUInt32BE(parts.checksum ?? crc32c(bytes.subarray(9)), 5);
  return new StoredBatch(firstOffset, bytes);
}

/** Records as parts for `compressParts`, so that their bodies need not be in memory. */
export function recordParts(records: readonly RawRecord[]): Part[] {
  return records.flatMap(({ zeros, ...record }, index) => {
    const parts = rawRecord({ offsetDelta: index, ...record });
    if (zeros === undefined) return parts;
    const [, ...fields] = rawRecord({ offsetDelta: index, ...record, value: Buffer.alloc(0) });
    // The value's length, 0, follows the key.
    const value = 3 + (record.key === null || record.key === undefined ? 1 : 2);
    const whole: Part[] = [...fields.slice(0, value), varint(zeros), zeros, ...fields.slice(value + 2)];
    const length = whole.reduce<number>((sum, part) => sum + (typeof part === 'number' ? part : part.length), 0);
    return [varint(length), ...whole];
  });
}

export type KafkaEncoding = Exclude<Encoding, 'zlib'>;

const TYPES = { gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const;

/**
 * Has a producer send one batch of records that were compressed by hand: kafkajs makes the batch of as many small ones, and
 * the codec puts these in their place. Codecs are the whole process's, so nothing else may publish meanwhile.
 */
export async function publishRecords(
  kafka: Kafka,
  { topic, partition }: { readonly topic: string; readonly partition: number },
  encoding: KafkaEncoding,
  records: readonly RawRecord[],
): Promise<void> {
  const compression = TYPES[encoding];
  const before = CompressionCodecs[compression];
  const stored = compressParts(encoding, recordParts(records));
  CompressionCodecs[compression] = () => ({ compress: async () => stored });
  const producer = kafka.producer({ allowAutoTopicCreation: false });
  try {
    await producer.connect();
    const messages = records.map(() => ({ partition, value: '' }));
    await producer.send({ topic, compression, messages, timeout: 120_000 });
  } finally {
    CompressionCodecs[compression] = before;
    await producer.disconnect();
  }
}
