import { readFileSync } from 'node:fs';
import kafkajs from 'kafkajs';
import lz4 from 'lz4js';
import snappy from 'snappyjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { decompressSnappy, registerCodecs } from '../../../src/brokers/kafka-codecs.js';
import { decompressLz4 } from '../../../src/brokers/lz4-frame.js';
import { HandoverError } from '../../../src/domain/errors.js';

/** The compressed part of batches as kafka-clients 4.1.0 and librdkafka 2.16 sent them, in base64. */
const batches: Record<string, string> = JSON.parse(
  readFileSync(new URL('./compressed-batches.json', import.meta.url), 'utf8'),
);
const messages = Array.from({ length: 40 }, (_, order) =>
  JSON.stringify({ order, text: 'a reward is due '.repeat(1 + (order % 4)) }),
);

function codec(name: string): {
  compress(bytes: unknown): Promise<Buffer>;
  decompress(bytes: Buffer): Promise<Buffer>;
} {
  const { CompressionCodecs, CompressionTypes } = kafkajs;
  if (name === 'snappy') return CompressionCodecs[CompressionTypes.Snappy]();
  return name === 'lz4' ? CompressionCodecs[CompressionTypes.LZ4]() : CompressionCodecs[CompressionTypes.ZSTD]();
}

beforeAll(registerCodecs);

describe('batches of other clients', () => {
  it.each(Object.entries(batches))('%s is read whole', async (source, base64) => {
    const records = await codec(source.split(' ')[1] ?? '').decompress(Buffer.from(base64, 'base64'));
    let at = 0;
    for (const message of messages) {
      at = records.indexOf(message, at);
      expect(at, message).toBeGreaterThan(0);
    }
  });

  it.each(['snappy', 'lz4', 'zstd'])('a damaged %s batch is told as such, with its cause', async (name) => {
    const fault = codec(name).decompress(Buffer.from('not compressed at all, by any of them'));
    await expect(fault).rejects.toThrow(`a batch in a Kafka partition is not valid ${name}`);
    await expect(fault).rejects.toMatchObject({ code: 'broker-refused', cause: expect.any(Error) });
  });

  it('nothing is written with a codec that is read only', async () => {
    await expect(codec('zstd').compress(Buffer.from('x'))).rejects.toBeInstanceOf(HandoverError);
  });
});

describe('snappy', () => {
  it('is read from several framed blocks', () => {
    const blocks = ['first block '.repeat(3000), 'second block '.repeat(3000)].map((text) => Buffer.from(text));
    const header = Buffer.concat([Buffer.from('\x82SNAPPY\0', 'latin1'), Buffer.from([0, 0, 0, 1, 0, 0, 0, 1])]);
    const framed = blocks.map((block) => {
      const compressed = snappy.compress(block);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(compressed.length);
      return Buffer.concat([length, compressed]);
    });
    expect(decompressSnappy(Buffer.concat([header, ...framed]))).toEqual(Buffer.concat(blocks));
  });
});

describe('LZ4', () => {
  const text = Buffer.from(Array.from({ length: 90_000 }, (_, index) => `${index % 977} `).join(''));

  it('is read from frames of several blocks, and from one frame after the other', () => {
    const frame = Buffer.from(lz4.compress(text));
    expect(decompressLz4(frame).equals(text)).toBe(true);
    expect(decompressLz4(Buffer.concat([frame, frame])).equals(Buffer.concat([text, text]))).toBe(true);
  });

  it('is read from frames with content size, content checksum and block checksums', () => {
    const plain = lz4.compress(text);
    const body = Buffer.from(plain.subarray(7));
    const withChecksums: Buffer[] = [];
    let at = 0;
    for (let word = body.readUInt32LE(at); word !== 0; word = body.readUInt32LE(at)) {
      const length = word & 0x7fff_ffff;
      withChecksums.push(body.subarray(at, at + 4 + length), Buffer.from('sum!'));
      at += 4 + length;
    }
    const flags = 0x40 | 0x10 | 0x08 | 0x04;
    const header = Buffer.from([0x04, 0x22, 0x4d, 0x18, flags, plain[5] ?? 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    const frame = Buffer.concat([header, ...withChecksums, Buffer.alloc(4), Buffer.from('sum!')]);
    expect(decompressLz4(frame).equals(text)).toBe(true);
  });

  it('is refused when it is cut off, needs a dictionary, or grows beyond its size', () => {
    const frame = Buffer.from(lz4.compress(text));
    expect(() => decompressLz4(frame.subarray(0, 5000))).toThrow('truncated');
    const dictionary = Buffer.from(frame);
    dictionary[4] = 0x41;
    expect(() => decompressLz4(dictionary)).toThrow('dictionary');
    const overflowing = Buffer.from([0x1f, 0x41, 1, 0, ...Array(300).fill(0xff), 0]);
    const smallBlocks = Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x40, 0x40, 0, 0, 0, 0, 0]);
    smallBlocks.writeUInt32LE(overflowing.length, 7);
    expect(() => decompressLz4(Buffer.concat([smallBlocks, overflowing, Buffer.alloc(4)]))).toThrow('damaged');
  });
});
