import lz4 from 'lz4js';

const MAGIC = 0x184d2204;
const FLAG_DICTIONARY = 0x01;
const FLAG_CONTENT_CHECKSUM = 0x04;
const FLAG_CONTENT_SIZE = 0x08;
const FLAG_BLOCK_CHECKSUM = 0x10;
const STORED_BLOCK = 0x8000_0000;
const BLOCK_SIZES: Readonly<Record<number, number>> = { 4: 64 << 10, 5: 256 << 10, 6: 1 << 20, 7: 4 << 20 };

/**
 * Decompresses LZ4 frames (one after the other, as producers may write them). The library's own frame reader looks for a
 * block's checksum before the block instead of after it, so only its block decoder is used here. Checksums are skipped.
 * @throws Error when the bytes are not LZ4 frames.
 */
export function decompressLz4(source: Buffer): Buffer {
  const output = new Output();
  let at = 0;
  while (at < source.length) at = readFrame(source, at, output);
  return output.bytes();
}

function readFrame(source: Buffer, start: number, output: Output): number {
  let at = start;
  if (source.readUInt32LE(at) !== MAGIC) throw new Error('not an LZ4 frame');
  const flags = source.readUInt8(at + 4);
  const blockSize = BLOCK_SIZES[(source.readUInt8(at + 5) >> 4) & 7];
  if (flags >> 6 !== 1 || blockSize === undefined) throw new Error('an LZ4 frame of an unknown version');
  if (flags & FLAG_DICTIONARY) throw new Error('an LZ4 frame that needs a dictionary');
  at += 6 + (flags & FLAG_CONTENT_SIZE ? 8 : 0) + 1;
  for (;;) {
    const word = source.readUInt32LE(at);
    at += 4;
    if (word === 0) break;
    const length = word & ~STORED_BLOCK;
    if (at + length > source.length) throw new Error('a truncated LZ4 frame');
    if (word & STORED_BLOCK) output.store(source.subarray(at, at + length));
    else output.decompress(source, at, length, blockSize);
    at += length + (flags & FLAG_BLOCK_CHECKSUM ? 4 : 0);
  }
  return at + (flags & FLAG_CONTENT_CHECKSUM ? 4 : 0);
}

/** Grows as blocks are appended; it is one array as a block may refer back to the ones before it. */
class Output {
  #buffer = Buffer.alloc(256 << 10);
  #length = 0;

  store(bytes: Buffer): void {
    this.#reserve(bytes.length);
    this.#length += bytes.copy(this.#buffer, this.#length);
  }

  decompress(source: Buffer, at: number, length: number, blockSize: number): void {
    this.#reserve(blockSize);
    const end = lz4.decompressBlock(source, this.#buffer, at, length, this.#length);
    // The decoder checks no bounds: what does not fit, or is no number, came from damaged input.
    if (!(end <= this.#length + blockSize)) throw new Error('a damaged LZ4 block');
    this.#length = end;
  }

  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#buffer.length) return;
    const grown = Buffer.alloc(Math.max(needed, 2 * this.#buffer.length));
    this.#buffer.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
  }
}
