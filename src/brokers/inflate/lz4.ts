import { OutputWindow } from './output-window.js';

const MAGIC = 0x184d2204;
/** Frames that hold no data; the last four bits are free. */
const SKIPPABLE_MAGIC = 0x184d2a50;
const FLAG_DICTIONARY = 0x01;
const FLAG_CONTENT_CHECKSUM = 0x04;
const FLAG_CONTENT_SIZE = 0x08;
const FLAG_BLOCK_CHECKSUM = 0x10;
const STORED_BLOCK = 0x8000_0000;
const BLOCK_SIZES: Readonly<Record<number, number>> = { 4: 64 << 10, 5: 256 << 10, 6: 1 << 20, 7: 4 << 20 };
const LEAST_MATCH = 4;

/**
 * Decompresses LZ4 frames (one after the other, as producers may write them), a chunk at a time. The library lz4js looks
 * for a block's checksum before the block instead of after it, checks no bounds, and has no streaming. Checksums are skipped.
 * @throws Error when the bytes are not LZ4 frames.
 */
export function* lz4Chunks(source: Buffer): Generator<Uint8Array> {
  for (let at = 0; at < source.length; ) {
    need(source, at, 8);
    const magic = source.readUInt32LE(at);
    if ((magic & ~0xf) >>> 0 === SKIPPABLE_MAGIC) at += 8 + source.readUInt32LE(at + 4);
    else if (magic === MAGIC) at = yield* frame(source, at);
    else throw new Error('not an LZ4 frame');
  }
}

/** Answers where the frame ends. */
function* frame(source: Buffer, start: number): Generator<Uint8Array, number> {
  const flags = source.readUInt8(start + 4);
  const blockSize = BLOCK_SIZES[(source.readUInt8(start + 5) >> 4) & 7];
  if (flags >> 6 !== 1 || blockSize === undefined) throw new Error('an LZ4 frame of an unknown version');
  if (flags & FLAG_DICTIONARY) throw new Error('an LZ4 frame that needs a dictionary');
  const out = new OutputWindow();
  let at = start + 6 + (flags & FLAG_CONTENT_SIZE ? 8 : 0) + 1;
  for (;;) {
    need(source, at, 4);
    const word = source.readUInt32LE(at);
    at += 4;
    if (word === 0) break;
    const length = word & ~STORED_BLOCK;
    need(source, at, length);
    if (word & STORED_BLOCK) yield* literals(source, at, length, out);
    else yield* block(source, at, at + length, out, out.length + blockSize);
    at += length + (flags & FLAG_BLOCK_CHECKSUM ? 4 : 0);
  }
  yield out.take();
  return at + (flags & FLAG_CONTENT_CHECKSUM ? 4 : 0);
}

function* block(source: Buffer, start: number, end: number, out: OutputWindow, most: number): Generator<Uint8Array> {
  for (let at = start; at < end; ) {
    const token = source[at++] as number;
    const literal = count(source, at, end, token >> 4);
    at = literal.at;
    if (literal.count > end - at) throw new Error('a damaged LZ4 block');
    yield* literals(source, at, literal.count, out);
    at += literal.count;
    // The last sequence of a block has no match.
    if (at === end) break;
    if (end - at < 2) throw new Error('a damaged LZ4 block');
    const distance = source.readUInt16LE(at);
    const match = count(source, at + 2, end, token & 0xf);
    at = match.at;
    for (let left = match.count + LEAST_MATCH; left > 0; ) {
      left -= out.copy(distance, left);
      if (out.length > most) throw new Error('a damaged LZ4 block');
      if (out.isFull) yield out.take();
    }
  }
}

function* literals(source: Buffer, from: number, length: number, out: OutputWindow): Generator<Uint8Array> {
  for (let done = 0; done < length; ) {
    done += out.write(source, from + done, length - done);
    if (out.isFull) yield out.take();
  }
}

/** A length whose first four bits are in the token, and that goes on in the bytes after it while these are full. */
function count(source: Buffer, start: number, end: number, first: number): { at: number; count: number } {
  let at = start;
  let total = first;
  for (let byte = first === 0xf ? 0xff : 0; byte === 0xff; total += byte) {
    if (at >= end) throw new Error('a damaged LZ4 block');
    byte = source[at++] as number;
  }
  return { at, count: total };
}

function need(source: Buffer, at: number, bytes: number): void {
  if (at + bytes > source.length) throw new Error('a truncated LZ4 frame');
}
