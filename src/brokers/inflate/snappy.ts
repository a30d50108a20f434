import { OutputWindow } from './output-window.js';

const XERIAL_MAGIC = Buffer.from('\x82SNAPPY\0', 'latin1');
/** The magic, then a version and a compatible version of four bytes each. */
const XERIAL_HEADER = XERIAL_MAGIC.length + 8;
const LONGEST = 0xffff_ffff;

/**
 * Decompresses snappy, raw or in the framing of the Java client, a chunk at a time: the library snappyjs allocates what
 * the first bytes declare.
 * @throws Error when the bytes are not snappy.
 */
export function* snappyChunks(source: Buffer): Generator<Uint8Array> {
  if (!source.subarray(0, XERIAL_MAGIC.length).equals(XERIAL_MAGIC)) return yield* block(source);
  for (let at = XERIAL_HEADER; at < source.length; ) {
    if (at + 4 > source.length) throw new Error('truncated snappy');
    const length = source.readUInt32BE(at);
    at += 4;
    if (at + length > source.length) throw new Error('truncated snappy');
    yield* block(source.subarray(at, at + length));
    at += length;
  }
}

function* block(source: Buffer): Generator<Uint8Array> {
  const declared = readDeclared(source);
  const out = new OutputWindow();
  for (let at = declared.at; at < source.length; ) {
    const tag = source[at++] as number;
    const kind = tag & 3;
    if (kind === 0) {
      const short = tag >> 2;
      const more = Math.max(0, short - 59);
      const length = (more === 0 ? short : read(source, at, more)) + 1;
      at += more;
      if (at + length > source.length) throw new Error('truncated snappy');
      for (let done = 0; done < length; ) {
        done += out.write(source, at + done, length - done);
        if (out.isFull) yield out.take();
      }
      at += length;
    } else {
      const bytes = kind === 3 ? 4 : kind;
      const length = kind === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
      const distance = read(source, at, bytes) + (kind === 1 ? (tag >> 5) << 8 : 0);
      at += bytes;
      for (let left = length; left > 0; ) {
        left -= out.copy(distance, left);
        if (out.isFull) yield out.take();
      }
    }
    if (out.length > declared.length) throw new Error('snappy that is longer than it says');
  }
  if (out.length !== declared.length) throw new Error('truncated snappy');
  yield out.take();
}

function readDeclared(source: Buffer): { at: number; length: number } {
  let length = 0;
  for (let at = 0; at < Math.min(source.length, 5); at += 1) {
    const byte = source[at] as number;
    length += (byte & 0x7f) * 2 ** (7 * at);
    if (length > LONGEST) break;
    if (byte < 0x80) return { at: at + 1, length };
  }
  throw new Error('not snappy');
}

function read(source: Buffer, at: number, bytes: number): number {
  if (at + bytes > source.length) throw new Error('truncated snappy');
  return source.readUIntLE(at, bytes);
}
