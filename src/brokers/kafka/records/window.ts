import crc32c from 'kafkajs/src/protocol/recordBatch/crc32C/index.js';
import { HandoverError, toError } from '../../../domain/errors.js';
import { ThreadLost } from '../../inflate/zstd.js';
import { KEPT_WHOLE_BYTES, type ReadRecord, recordsOf } from './records.js';
import type { StoredBatch } from './stored-batch.js';

/** What may still be held, in bytes; shared by all partitions of one fetch. */
export interface Room {
  bytes: number;
}

/**
 * The records of a partition from an offset on, as many as there is room for: what is left out is fetched again from there,
 * so that a batch of any size is read in pieces. At least one record, if there was any room. A batch that ends with
 * positions of no record (compaction has removed it) is followed by a control record at its end, as kafkajs would otherwise
 * take the end of the partition for what comes next. And where the first records wanted are gone, one stands at `from`: kafkajs
 * tells of batches without a delivery by their records alone, and a gap before these would not be told from a leap.
 * @throws HandoverError `broker-unavailable` when a batch has changed on its way or on the broker's disk.
 */
export async function readWindow(batches: readonly StoredBatch[], from: bigint, room: Room): Promise<ReadRecord[]> {
  const records = await readRecords(batches, from, room);
  const [first] = records;
  const [batch] = batches;
  if (first === undefined || batch === undefined || BigInt(first.offset) <= from) return records;
  return [nothingAt(batch, from), ...records];
}

async function readRecords(batches: readonly StoredBatch[], from: bigint, room: Room): Promise<ReadRecord[]> {
  const records: ReadRecord[] = [];
  for (const batch of batches) {
    if (room.bytes <= 0) return records;
    if (batch.lastOffset < from) continue;
    let next = batch.firstOffset;
    try {
      for await (const record of recordsOf(batch, from)) {
        records.push(record);
        next = BigInt(record.offset) + 1n;
        room.bytes -= record.weight;
        if (room.bytes <= 0 && next <= batch.lastOffset) return records;
      }
    } catch (error) {
      if (error instanceof ThreadLost) throw new HandoverError('broker-unavailable', error.message, { cause: error });
      checkUnchanged(batch, error);
      if (next >= from) records.push(damagedRecord(batch, next, toError(error).message));
      room.bytes -= KEPT_WHOLE_BYTES;
    }
    const last = records.at(-1)?.offset;
    if (last === undefined || BigInt(last) < batch.lastOffset) records.push(nothingAt(batch, batch.lastOffset));
  }
  const last = batches.at(-1);
  // Where everything lies below `from`, kafkajs goes one offset on, if it sees that anything was there at all.
  return records.length > 0 || last === undefined ? records : [nothingAt(last, last.lastOffset)];
}

/** What its producer sent damaged stays so. What was damaged later may be whole on another broker, or when read again. */
function checkUnchanged(batch: StoredBatch, cause: unknown): void {
  const { bytes, checksum } = batch.checked;
  if (crc32c(bytes) === checksum) return;
  const offset = batch.firstOffset;
  throw new HandoverError('broker-unavailable', `the Kafka batch at offset ${offset} does not match its checksum`, {
    cause,
    hint: 'Look at the log segment with kafka-dump-log, on the leader and on another replica.',
  });
}

/** Stands for everything from `offset` to the end of the batch: nobody can tell what that is. */
function damagedRecord(batch: StoredBatch, offset: bigint, why: string): ReadRecord {
  return {
    ...nothingAt(batch, offset),
    isControlRecord: false,
    value: Buffer.from(batch.records.subarray(0, KEPT_WHOLE_BYTES)),
    damaged: `offsets ${offset} to ${batch.lastOffset} of its batch cannot be read: ${why}`,
  };
}

function nothingAt(batch: StoredBatch, offset: bigint): ReadRecord {
  return {
    magicByte: 2,
    attributes: 0,
    timestamp: batch.timestamp(0n),
    offset: offset.toString(),
    key: null,
    value: null,
    headers: {},
    isControlRecord: true,
    batchContext: batch.context,
    weight: 0,
  };
}
