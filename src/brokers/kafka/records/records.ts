import type { KafkaMessage } from 'kafkajs';
import { inflating, storedInTurns } from '../../inflate/inflate.js';
import type { TooLarge } from '../../source.js';
import { ByteReader } from './byte-reader.js';
import type { BatchContext, StoredBatch } from './stored-batch.js';

/** A record as kafkajs makes it, with what is known of one that is not whole. No producer can set the latter two. */
export interface ReadRecord extends Pick<KafkaMessage, 'key' | 'value' | 'timestamp' | 'attributes' | 'offset'> {
  readonly magicByte: 2;
  readonly headers: Record<string, Buffer | Buffer[]>;
  readonly isControlRecord: boolean;
  readonly batchContext: BatchContext;
  readonly tooLarge?: TooLarge;
  readonly damaged?: string;
  /** What it counts for in memory, in bytes. */
  readonly weight: number;
}

/** A body up to this size is kept whole although it is above the limit: the dead-letter topic may take it. */
export const KEPT_WHOLE_BYTES = 4 << 20;
/** What is kept of a larger one. */
export const KEPT_BEGINNING_BYTES = 64 << 10;
/** A key, or a header's name or value, that is larger is left out; and of all headers so much is kept. */
const KEPT_FIELD_BYTES = 64 << 10;
const KEPT_HEADERS_BYTES = 1 << 20;
/** The objects that a record is made of, about. Without it a million records of ten bytes would count for nothing. */
const OBJECT_BYTES = 512;

const UNEVEN = 'a record whose fields are not as long as it is';

/**
 * Reads a batch's records one after the other, as far as they are asked for, and holds one at a time: the batch may come
 * to any size, and so may each of its records. Those below `from` are passed over.
 * @throws Error when the bytes are not records.
 */
export async function* recordsOf(batch: StoredBatch, from: bigint): AsyncGenerator<ReadRecord> {
  const { encoding, records, context, count } = batch;
  const reader = new ByteReader(encoding === undefined ? storedInTurns(records) : inflating(encoding, records));
  try {
    for (let index = 0; index < count; index += 1) {
      const length = await reader.varint();
      const end = reader.position + length;
      if (length < 0) throw new Error('a record of a negative length');
      const attributes = await reader.byte();
      const timestamp = batch.timestamp(await reader.varlong());
      const offset = batch.firstOffset + (await reader.varlong());
      if (offset < from) {
        await skipTo(reader, end);
        continue;
      }
      const fields = await readFields(reader, end);
      if (reader.position !== end) throw new Error(UNEVEN);
      yield {
        magicByte: 2,
        attributes,
        timestamp,
        offset: offset.toString(),
        isControlRecord: context.isControlBatch,
        batchContext: context,
        ...fields,
      };
    }
    if (await reader.hasMore()) throw new Error('a batch of more records than it says');
  } finally {
    await reader.close();
  }
}

type Fields = Pick<ReadRecord, 'key' | 'value' | 'headers' | 'tooLarge' | 'weight'>;

async function skipTo(reader: ByteReader, end: number): Promise<void> {
  if (end < reader.position) throw new Error(UNEVEN);
  await reader.skip(end - reader.position);
}

async function readFields(reader: ByteReader, end: number): Promise<Fields> {
  const key = await kept(reader, KEPT_FIELD_BYTES, 0);
  const body = await kept(reader, KEPT_WHOLE_BYTES, KEPT_BEGINNING_BYTES);
  const headers: ReadRecord['headers'] = Object.create(null);
  const count = await reader.varint();
  let room = KEPT_HEADERS_BYTES;
  for (let index = 0; index < count; index += 1) {
    const name = await kept(reader, KEPT_FIELD_BYTES, 0);
    const value = await kept(reader, KEPT_FIELD_BYTES, 0);
    if (reader.position > end) throw new Error(UNEVEN);
    room -= (name.bytes?.length ?? 0) + (value.bytes?.length ?? 0) + OBJECT_BYTES / 8;
    if (name.bytes !== null && value.bytes !== null && room >= 0)
      addHeader(headers, name.bytes.toString(), value.bytes);
  }
  const isCut = body.bytes !== null && body.length > body.bytes.length;
  return {
    key: key.bytes,
    value: body.bytes,
    headers,
    weight:
      (key.bytes?.length ?? 0) + (body.bytes?.length ?? 0) + KEPT_HEADERS_BYTES - Math.max(0, room) + OBJECT_BYTES,
    ...(isCut && { tooLarge: { bytes: body.length } }),
  };
}

/** A field: whole up to `most`, else its beginning (null where that is nothing), and how long it was. */
async function kept(reader: ByteReader, most: number, beginning: number) {
  const length = await reader.varint();
  if (length < 0) return { bytes: null, length };
  const keep = length <= most ? length : beginning;
  const bytes = keep === 0 && length > 0 ? null : await reader.bytes(keep);
  await reader.skip(length - keep);
  return { bytes, length };
}

/** A header that comes again is kept with its values in their order, as kafkajs does. */
function addHeader(headers: ReadRecord['headers'], name: string, value: Buffer): void {
  const before = headers[name];
  if (before === undefined) headers[name] = value;
  else if (Array.isArray(before)) before.push(value);
  else headers[name] = [before, value];
}
