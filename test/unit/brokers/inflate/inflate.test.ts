import { readFileSync } from 'node:fs';
import { deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import lz4 from 'lz4js';
import snappy from 'snappyjs';
import { describe, expect, it } from 'vitest';
import { type Encoding, inflateWithin, inflating } from '../../../../src/brokers/inflate/inflate.js';
import { compressParts, snappyOfZeros, zstdOfZeros, zstdStored } from '../../../support/brokers/compressed.js';

const MIB = 1 << 20;

/** What Node and the libraries compress, with what a test can make of Zstandard by hand. */
const COMPRESS: Readonly<Record<Encoding, (bytes: Buffer) => Buffer>> = {
  gzip: (bytes) => gzipSync(bytes),
  zlib: (bytes) => deflateSync(bytes),
  zstd: zstdStored,
  lz4: (bytes) => Buffer.from(lz4.compress(bytes)),
  snappy: (bytes) => Buffer.from(snappy.compress(bytes)),
};
const ENCODINGS = Object.keys(COMPRESS) as Encoding[];

const BOMBS: Readonly<Record<Encoding, (bytes: number) => Buffer>> = {
  gzip: (bytes) => gzipSync(Buffer.alloc(bytes)),
  zlib: (bytes) => deflateSync(Buffer.alloc(bytes)),
  zstd: zstdOfZeros,
  lz4: (bytes) => compressParts('lz4', [bytes]),
  snappy: snappyOfZeros,
};

describe.each(ENCODINGS)('%s', (encoding) => {
  it('gives back what was compressed, and never more than was asked for', async () => {
    const texts = fc.array(fc.constantFrom('reward ', 'due ', '0123456789', '\0\0\0\0'), {
      maxLength: 40_000,
      size: 'max',
    });
    await fc.assert(
      fc.asyncProperty(texts, fc.integer({ min: -3, max: 3 }), async (words, off) => {
        const bytes = Buffer.from(words.join(''));
        const read = await inflateWithin(encoding, COMPRESS[encoding](bytes), bytes.length + off);
        if (off < 0 && bytes.length > 0) expect(read).toBeUndefined();
        else if (off >= 0) expect(read?.equals(bytes)).toBe(true);
      }),
      { numRuns: 25 },
    );
  });

  it('is decompressed whole where it is large, in chunks', async () => {
    let length = 0;
    let largest = 0;
    for await (const chunk of inflating(encoding, BOMBS[encoding](20 * MIB + 7))) {
      length += chunk.length;
      largest = Math.max(largest, chunk.length);
    }
    expect(length).toBe(20 * MIB + 7);
    expect(largest).toBeLessThanOrEqual(128 << 10);
  });

  it('is refused when it is cut off or is something else, whatever the bytes', async () => {
    const whole = COMPRESS[encoding](Buffer.from('a reward is due '.repeat(500)));
    await expect(inflateWithin(encoding, whole.subarray(0, whole.length - 6), MIB)).rejects.toThrow();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.nat(20), async (noise, kept) => {
        const bytes = Buffer.concat([whole.subarray(0, kept), noise]);
        // It ends, in bounded memory; what it makes of noise that happens to be valid is no matter.
        await inflateWithin(encoding, bytes, MIB).then(
          (read) => expect(read?.length ?? 0).toBeLessThanOrEqual(MIB),
          (error: unknown) => expect(error).toBeInstanceOf(Error),
        );
      }),
      { numRuns: 200 },
    );
  });

  it('leaves the event loop to others meanwhile', async () => {
    let turns = 0;
    const beat = setInterval(() => {
      turns += 1;
    }, 1);
    const reading = inflating(encoding, BOMBS[encoding](64 * MIB));
    for await (const _ of reading) if (turns > 3) break;
    clearInterval(beat);
    expect(turns).toBeGreaterThan(3);
  });
});

describe('what other clients have compressed', () => {
  const batches: Record<string, string> = JSON.parse(
    readFileSync(new URL('./compressed-batches.json', import.meta.url), 'utf8'),
  );

  it.each(Object.entries(batches))('%s is read whole', async (source, base64) => {
    const encoding = (source.split(' ')[1] ?? '') as Encoding;
    const records = await inflateWithin(encoding, Buffer.from(base64, 'base64'), MIB);
    for (let order = 0, at = 0; order < 40; order += 1) {
      const message = JSON.stringify({ order, text: 'a reward is due '.repeat(1 + (order % 4)) });
      at = records?.indexOf(message, at) ?? -1;
      expect(at, message).toBeGreaterThan(0);
    }
  });
});

describe('a header that lies', () => {
  it('of Zstandard, about its window, allocates nothing', async () => {
    // A window of 2 GiB, and a single segment of as much.
    await expect(inflateWithin('zstd', zstdOfZeros(8, 0xa8), MIB)).rejects.toThrow('a window of 2147483648 bytes');
    const single = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0x80, 0, 0, 0, 0, 3, 0, 0]);
    await expect(inflateWithin('zstd', single, MIB)).rejects.toThrow('a window of 2147483648 bytes');
    // The second of two frames is looked at as well.
    const second = Buffer.concat([zstdOfZeros(8), zstdOfZeros(8, 0xa8)]);
    await expect(inflateWithin('zstd', second, MIB)).rejects.toThrow('a window of');
  });

  it('of snappy, about its length, allocates nothing', async () => {
    const lying = Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0, 65]);
    await expect(inflateWithin('snappy', lying, MIB)).rejects.toThrow('truncated');
    await expect(inflateWithin('snappy', Buffer.from([2, 12, 65, 66, 67, 68]), MIB)).rejects.toThrow(
      'longer than it says',
    );
  });
});

describe('LZ4', () => {
  const text = Buffer.from(Array.from({ length: 90_000 }, (_, index) => `${index % 977} `).join(''));
  const read = (bytes: Buffer) => inflateWithin('lz4', bytes, 16 * MIB);

  it('is read from one frame after the other, and past frames without data', async () => {
    const frame = Buffer.from(lz4.compress(text));
    const skippable = Buffer.concat([Buffer.from([0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0]), Buffer.from('abc')]);
    expect((await read(Buffer.concat([frame, skippable, frame])))?.equals(Buffer.concat([text, text]))).toBe(true);
  });

  it('is read from frames with content size, content checksum and block checksums', async () => {
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
    expect((await read(frame))?.equals(text)).toBe(true);
  });

  it('is refused when it needs a dictionary, or a block grows beyond its size', async () => {
    const frame = Buffer.from(lz4.compress(text));
    await expect(read(frame.subarray(0, 5000))).rejects.toThrow('truncated');
    const dictionary = Buffer.from(frame);
    dictionary[4] = 0x41;
    await expect(read(dictionary)).rejects.toThrow('dictionary');
    const overflowing = Buffer.from([0x1f, 0x41, 1, 0, ...Array(300).fill(0xff), 0]);
    const smallBlocks = Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x40, 0x40, 0, 0, 0, 0, 0]);
    smallBlocks.writeUInt32LE(overflowing.length, 7);
    await expect(read(Buffer.concat([smallBlocks, overflowing, Buffer.alloc(4)]))).rejects.toThrow('damaged');
  });
});

describe('snappy', () => {
  it('is read from several framed blocks', async () => {
    const blocks = ['first block '.repeat(3000), 'second block '.repeat(3000)].map((text) => Buffer.from(text));
    const header = Buffer.concat([Buffer.from('\x82SNAPPY\0', 'latin1'), Buffer.from([0, 0, 0, 1, 0, 0, 0, 1])]);
    const framed = blocks.map((block) => {
      const compressed = snappy.compress(block);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(compressed.length);
      return Buffer.concat([length, compressed]);
    });
    const read = await inflateWithin('snappy', Buffer.concat([header, ...framed]), MIB);
    expect(read).toEqual(Buffer.concat(blocks));
  });
});
