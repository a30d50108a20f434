import { deflateSync, gzipSync } from 'node:zlib';
import snappy from 'snappyjs';
import type { Encoding } from '../../../src/brokers/inflate/inflate.js';

/** Bytes as they are, or so many zeros. */
export type Part = Buffer | number;

const KIB = 1 << 10;

/** Compresses what may come to gigabytes without ever holding it: runs of zeros are written as such. */
export function compressParts(encoding: Encoding, parts: readonly Part[]): Buffer {
  switch (encoding) {
    case 'gzip':
      // Members one after the other are one stream to a reader.
      return Buffer.concat(blocksOf(parts, 32 * KIB * KIB).map((block) => gzipSync(bytesOf(block), { level: 1 })));
    case 'zlib':
      return deflateSync(Buffer.concat(parts.map(bytesOf)));
    case 'zstd':
      return zstd(blocksOf(parts, 128 * KIB));
    case 'lz4':
      return lz4(blocksOf(parts, 4 * KIB * KIB));
    case 'snappy':
      return framedSnappy(blocksOf(parts, KIB * KIB));
  }
}

export function zstdOfZeros(bytes: number, window?: number): Buffer {
  return zstd(blocksOf([bytes], 128 * KIB), window);
}

/** A Zstandard frame that holds the bytes as they are. */
export function zstdStored(bytes: Buffer): Buffer {
  return compressParts('zstd', [bytes]);
}

function bytesOf(part: Part): Buffer {
  return typeof part === 'number' ? Buffer.alloc(part) : part;
}

function blocksOf(parts: readonly Part[], most: number): Part[] {
  const blocks: Part[] = [];
  for (const part of parts) {
    const length = typeof part === 'number' ? part : part.length;
    for (let at = 0; at < length; at += most) {
      const piece = Math.min(most, length - at);
      blocks.push(typeof part === 'number' ? piece : part.subarray(at, at + piece));
    }
  }
  return blocks;
}

/** One frame; a block of zeros is one byte that is repeated. */
function zstd(given: readonly Part[], window = 0x58): Buffer {
  const blocks = given.length === 0 ? [Buffer.alloc(0)] : given;
  const out: Buffer[] = [Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, window])];
  for (const [index, block] of blocks.entries()) {
    const isZeros = typeof block === 'number';
    const length = isZeros ? block : block.length;
    const header = Buffer.alloc(3);
    header.writeUIntLE((length << 3) | (isZeros ? 2 : 0) | Number(index === blocks.length - 1), 0, 3);
    out.push(header, Buffer.from(isZeros ? [0] : block));
  }
  return Buffer.concat(out);
}

/** One frame of independent blocks; one of zeros is a literal and a match of what is one byte before. */
function lz4(blocks: readonly Part[]): Buffer {
  const out: Buffer[] = [Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x60, 0x70, 0x73])];
  for (const block of blocks) {
    const header = Buffer.alloc(4);
    if (typeof block !== 'number' || block < 64) {
      const bytes = bytesOf(block);
      header.writeUInt32LE((0x8000_0000 | bytes.length) >>> 0);
      out.push(header, bytes);
      continue;
    }
    const match = block - 1 - 5 - 4 - 15;
    const extra = Buffer.alloc(Math.floor(match / 255) + 1, 0xff);
    extra[extra.length - 1] = match % 255;
    const body = Buffer.concat([Buffer.from([0x1f, 0, 1, 0]), extra, Buffer.from([0x50, 0, 0, 0, 0, 0])]);
    header.writeUInt32LE(body.length);
    out.push(header, body);
  }
  return Buffer.concat([...out, Buffer.alloc(4)]);
}

/** Framed as the Java client does it. */
function framedSnappy(blocks: readonly Part[]): Buffer {
  const header = Buffer.concat([Buffer.from('\x82SNAPPY\0', 'latin1'), Buffer.from([0, 0, 0, 1, 0, 0, 0, 1])]);
  const framed = blocks.map((block) => {
    const compressed = typeof block === 'number' ? snappyOfZeros(block) : Buffer.from(snappy.compress(block));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(compressed.length);
    return Buffer.concat([length, compressed]);
  });
  return Buffer.concat([header, ...framed]);
}

/** One raw block, 64 bytes for each three. */
export function snappyOfZeros(bytes: number): Buffer {
  const declared: number[] = [];
  for (let left = bytes; ; left = Math.floor(left / 128)) {
    declared.push((left % 128) | (left >= 128 ? 0x80 : 0));
    if (left < 128) break;
  }
  const whole = Math.floor((bytes - 1) / 64);
  const rest = (bytes - 1) % 64;
  const copies = Buffer.alloc(3 * whole);
  for (let at = 0; at < copies.length; at += 3) copies.set([(63 << 2) | 2, 1, 0], at);
  const last = rest > 0 ? [((rest - 1) << 2) | 2, 1, 0] : [];
  return Buffer.concat([Buffer.from([...declared, 0, 0]), copies, Buffer.from(last)]);
}
