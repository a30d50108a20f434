import { createGzip, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import Batch from 'kafkajs/src/consumer/batch.js';
import lz4 from 'lz4js';
import snappy from 'snappyjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { AssignedPartition } from '../../../../../src/brokers/kafka/partition.js';
import { KEPT_BEGINNING_BYTES, type ReadRecord } from '../../../../../src/brokers/kafka/records/records.js';
import type { StoredBatch } from '../../../../../src/brokers/kafka/records/stored-batch.js';
import { readWindow } from '../../../../../src/brokers/kafka/records/window.js';
import { zstdStored } from '../../../../support/brokers/compressed.js';
import {
  CODEC,
  type RawRecord,
  rawRecord,
  rawRecords,
  storedBatch,
  varint,
} from '../../../../support/brokers/kafka-batches.js';

const MIB = 1 << 20;
const COMPRESS: Readonly<Record<keyof typeof CODEC, (bytes: Buffer) => Buffer>> = {
  none: (bytes) => bytes,
  gzip: (bytes) => gzipSync(bytes),
  snappy: (bytes) => Buffer.from(snappy.compress(bytes)),
  lz4: (bytes) => Buffer.from(lz4.compress(bytes)),
  zstd: zstdStored,
};

function batchOf(records: readonly RawRecord[], codec: keyof typeof CODEC = 'gzip', firstOffset = 0n): StoredBatch {
  const stored = COMPRESS[codec](rawRecords(records));
  return storedBatch({ firstOffset, count: records.length, stored, codec: CODEC[codec] });
}

/** All that one fetch after the other brings, each from behind the last, and the most that one of them held. */
async function readAll(batches: readonly StoredBatch[], batchBytes: number) {
  const records: ReadRecord[] = [];
  let largest = 0;
  const end = batches.at(-1)?.lastOffset ?? 0n;
  for (let from = batches[0]?.firstOffset ?? 0n, fetches = 0; from <= end; fetches += 1) {
    if (fetches > 10_000) throw new Error('it does not come forward');
    const read = await readWindow(batches, from, { bytes: batchBytes });
    largest = Math.max(
      largest,
      read.reduce((sum, { weight }) => sum + weight, 0),
    );
    from = BigInt(read.at(-1)?.offset ?? from) + 1n;
    records.push(...read.filter(({ isControlRecord }) => !isControlRecord));
  }
  return { records, largest };
}

describe('a batch within the bounds', () => {
  it.each(Object.keys(COMPRESS) as (keyof typeof CODEC)[])(
    'of %s is read with keys, bodies, headers and offsets',
    async (codec) => {
      const raw: RawRecord[] = [
        { key: Buffer.from('u-1'), value: Buffer.from('{"a":1}'), headers: [['message-id', Buffer.from('m-1')]] },
        { value: null },
        {
          value: Buffer.alloc(0),
          headers: [
            ['a', Buffer.from('1')],
            ['a', Buffer.from('2')],
            ['none', null],
            ['__proto__', Buffer.from('x')],
          ],
        },
        { value: Buffer.from('later'), offsetDelta: 7 },
      ];
      const stored = COMPRESS[codec](rawRecords(raw));
      const batch = storedBatch({ firstOffset: 40n, count: 4, stored, codec: CODEC[codec], lastOffsetDelta: 7 });
      const read = await readWindow([batch], 40n, { bytes: MIB });
      expect(
        read.map(({ offset, key, value }) => [offset, key?.toString() ?? null, value?.toString() ?? null]),
      ).toEqual([
        ['40', 'u-1', '{"a":1}'],
        ['41', null, null],
        ['42', null, ''],
        ['47', null, 'later'],
      ]);
      expect(read[0]).toMatchObject({ timestamp: '1795411439052', headers: { 'message-id': Buffer.from('m-1') } });
      expect({ ...read[2]?.headers }).toEqual({
        a: [Buffer.from('1'), Buffer.from('2')],
        ['__proto__']: Buffer.from('x'),
      });
    },
  );

  it('is read from any offset on, whatever the records are', async () => {
    const record = fc.record({
      key: fc.option(fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes))),
      value: fc.option(fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes))),
    });
    const records = fc.array(record, { minLength: 1, maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(records, fc.nat(29), fc.constantFrom('none', 'gzip', 'lz4'), async (raw, skipped, codec) => {
        const from = Math.min(skipped, raw.length - 1);
        const read = await readWindow([batchOf(raw, codec as 'gzip', 100n)], 100n + BigInt(from), { bytes: MIB });
        expect(read.map(({ key, value }) => ({ key, value }))).toEqual(raw.slice(from));
      }),
    );
  });

  it('that ends with positions of no record is followed by a record of none at its end', async () => {
    const stored = gzipSync(rawRecords([{ value: Buffer.from('x') }]));
    const compacted = storedBatch({ firstOffset: 5n, count: 1, stored, codec: CODEC.gzip, lastOffsetDelta: 9 });
    const empty = storedBatch({ firstOffset: 15n, count: 0, stored: Buffer.alloc(0), lastOffsetDelta: 3 });
    const read = await readWindow([compacted, empty], 5n, { bytes: MIB });
    expect(read.map(({ offset, isControlRecord }) => [offset, isControlRecord])).toEqual([
      ['5', false],
      ['14', true],
      ['18', true],
    ]);
  });

  it('whose records are gone, with those before it, moves its partition on, also where nothing else follows', async () => {
    // A log that was compacted may hold nothing but the ends of transactions for a whole segment.
    const partition = new AssignedPartition();
    const at = { at: 5n, kind: 'continued', from: 5n, goneFrom: undefined } as const;
    partition.place(at, 'topic', undefined);
    const emptied = storedBatch({ firstOffset: 15n, count: 0, stored: Buffer.alloc(0), lastOffsetDelta: 3 });
    const messages = await readWindow([emptied], 5n, { bytes: MIB });
    const brought = new Batch('rewards', '5', { partition: 0, highWatermark: '19', abortedTransactions: [], messages });
    expect(brought.isEmptyDueToFiltering()).toBe(true);
    partition.skip(BigInt(brought.firstOffset() ?? -1), BigInt(brought.lastOffset()));
    // kafkajs goes on behind it: a partition that has stayed would have it begin again, for ever.
    expect(partition.continueAt(19n, 30n)).toHaveProperty('watermark');
  });
});

describe('batches above the bound', () => {
  it('are read in pieces that fit in it, each record once', async () => {
    const raw = Array.from({ length: 3000 }, (_, index) => ({ value: Buffer.alloc(1000, String(index)) }));
    const batches = [batchOf(raw.slice(0, 2000)), batchOf(raw.slice(2000), 'gzip', 2000n)];
    const bound = 300_000;
    const { records, largest } = await readAll(batches, bound);
    expect(records.map(({ offset }) => Number(offset))).toEqual(raw.map((_, index) => index));
    expect(records.every(({ value }, index) => value?.equals(raw[index]?.value ?? Buffer.alloc(0)))).toBe(true);
    expect(largest).toBeLessThan(bound + 2000);
  });

  it('are read in pieces where they are above it by their number alone', async () => {
    const raw = Array.from({ length: 20_000 }, () => ({ value: Buffer.from('{}') }));
    const { records, largest } = await readAll([batchOf(raw)], MIB);
    expect(records).toHaveLength(20_000);
    expect(largest).toBeLessThan(MIB + 2000);
  });

  it('bring one record at least, however small the room', async () => {
    const raw = Array.from({ length: 5 }, () => ({ value: Buffer.alloc(100_000) }));
    expect((await readAll([batchOf(raw)], 1)).records).toHaveLength(5);
  });
});

describe('a batch that inflates to 640 MiB, of records of 64 MiB among small ones', () => {
  let bomb: StoredBatch;

  beforeAll(async () => {
    const gzip = createGzip({ level: 1 });
    const chunks: Buffer[] = [];
    gzip.on('data', (chunk) => chunks.push(chunk));
    const ended = new Promise((resolve) => gzip.on('end', resolve));
    const large = Buffer.alloc(64 * MIB);
    for (let index = 0; index < 20; index += 1) {
      const isLarge = index % 2 === 0;
      const headers = [['message-id', Buffer.from(`m-${index}`)]] as const;
      const parts = rawRecord({ value: isLarge ? large : Buffer.from(`"${index}"`), headers, offsetDelta: index });
      for (const part of parts) if (!gzip.write(part)) await new Promise((resolve) => gzip.once('drain', resolve));
    }
    gzip.end();
    await ended;
    bomb = storedBatch({ count: 20, stored: Buffer.concat(chunks), codec: CODEC.gzip });
  });

  it('gives the small ones whole, and of each large one its beginning, its length, its headers and its offset', async () => {
    const before = process.memoryUsage().arrayBuffers;
    let peak = 0;
    const watch = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
    }, 5);
    const { records } = await readAll([bomb], 64 * MIB);
    clearInterval(watch);
    expect(records.map(({ offset }) => Number(offset))).toEqual(Array.from({ length: 20 }, (_, index) => index));
    for (const [index, { value, tooLarge, headers }] of records.entries()) {
      expect(headers['message-id']?.toString()).toBe(`m-${index}`);
      if (index % 2 === 1) expect([value?.toString(), tooLarge]).toEqual([`"${index}"`, undefined]);
      else expect([value?.length, tooLarge]).toEqual([KEPT_BEGINNING_BYTES, { bytes: 64 * MIB }]);
    }
    // Far below what one of its records comes to, not to speak of all.
    expect(peak).toBeLessThan(48 * MIB);
  });
});

describe('a batch that is damaged', () => {
  const raw = Array.from({ length: 6 }, (_, index) => ({ value: Buffer.from(`"${index}"`) }));

  it('as its producer sent it gives what can be read, and one record for all the rest, once', async () => {
    const parts = raw.map((record, index) => Buffer.concat(rawRecord({ ...record, offsetDelta: index })));
    const records = Buffer.concat([
      ...parts.slice(0, 3),
      varint(40),
      Buffer.from('no record at all, but long enough to be one'),
    ]);
    const batch = storedBatch({ firstOffset: 10n, count: 6, stored: gzipSync(records), codec: CODEC.gzip });
    const read = await readWindow([batch], 10n, { bytes: MIB });
    expect(read.map(({ offset, isControlRecord }) => [offset, isControlRecord])).toEqual([
      ['10', false],
      ['11', false],
      ['12', false],
      ['13', false],
      ['15', true],
    ]);
    expect(read[3]?.damaged).toMatch(/^offsets 13 to 15 of its batch cannot be read: /);
    expect(read[3]?.value).toEqual(batch.records);
    // Where it was taken already, it is not made again.
    const again = await readWindow([batch], 14n, { bytes: MIB });
    expect(again.map(({ offset, isControlRecord }) => [offset, isControlRecord])).toEqual([
      ['14', true],
      ['15', true],
    ]);
  });

  it.each([
    ['is cut off', gzipSync(rawRecords(raw)).subarray(0, 20), CODEC.gzip, 6],
    ['is of a codec that nobody knows', rawRecords(raw), 6, 6],
    ['has fewer records than it says', gzipSync(rawRecords(raw)), CODEC.gzip, 9],
    ['has more records than it says', gzipSync(rawRecords(raw)), CODEC.gzip, 3],
    ['declares a record of 2 GiB', gzipSync(Buffer.concat([varint(2 ** 31), Buffer.alloc(100)])), CODEC.gzip, 6],
    [
      'declares two thousand million headers',
      gzipSync(Buffer.concat([varint(12), Buffer.from([0, 0, 0, 1, 1]), varint(2e9), Buffer.alloc(2)])),
      CODEC.gzip,
      1,
    ],
  ])('because it %s, is told as such and passed over', async (_why, stored, codec, count) => {
    const batch = storedBatch({ count, stored, codec, lastOffsetDelta: 8 });
    const read = await readWindow([batch], 0n, { bytes: MIB });
    expect(read.filter(({ damaged }) => damaged !== undefined)).toHaveLength(1);
    expect(read.at(-1)).toMatchObject({ offset: '8' });
  });

  it('since its producer sent it is not passed over', async () => {
    const batch = storedBatch({
      count: 6,
      stored: gzipSync(rawRecords(raw)).subarray(0, 20),
      codec: CODEC.gzip,
      checksum: 7,
    });
    await expect(readWindow([batch], 0n, { bytes: MIB })).rejects.toMatchObject({ code: 'broker-unavailable' });
  });
});
