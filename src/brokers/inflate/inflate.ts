import { createUnzip } from 'node:zlib';
import { lz4Chunks } from './lz4.js';
import { snappyChunks } from './snappy.js';
import { zstdChunks } from './zstd.js';

/** How a producer has compressed something. `gzip` is also read where the bytes are zlib's, and `snappy` in both its framings. */
export type Encoding = 'gzip' | 'zlib' | 'zstd' | 'lz4' | 'snappy';

const CHUNK_BYTES = 64 << 10;
/** How long decompression in JavaScript may keep the event loop before others have a turn, in ms. */
const TURN_MS = 5;

/**
 * Decompresses piece by piece, no further than the caller reads, and lets go when the caller stops. Memory is bounded by
 * the format's window, whatever the bytes declare or come to. gzip and zlib run on Node's thread pool, Zstandard in a
 * thread of its own; LZ4 and snappy give the event loop back every few milliseconds.
 * @throws Error when the bytes are not what they are said to be.
 */
export function inflating(encoding: Encoding, bytes: Buffer): AsyncGenerator<Uint8Array> {
  switch (encoding) {
    case 'gzip':
    case 'zlib':
      return unzipped(bytes);
    case 'zstd':
      return zstdChunks(bytes);
    case 'lz4':
      return inTurns(lz4Chunks(bytes));
    case 'snappy':
      return inTurns(snappyChunks(bytes));
  }
}

/** The decompressed bytes; undefined when there are more than `most`, of which no more than that were made. */
export async function inflateWithin(encoding: Encoding, bytes: Buffer, most: number): Promise<Buffer | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of inflating(encoding, bytes)) {
    length += chunk.length;
    if (length > most) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

/** What is not compressed, in the same pieces. */
export function storedInTurns(bytes: Buffer): AsyncGenerator<Uint8Array> {
  return inTurns(pieces(bytes));
}

function* pieces(bytes: Buffer): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) yield bytes.subarray(at, at + CHUNK_BYTES);
}

async function* unzipped(bytes: Buffer): AsyncGenerator<Uint8Array> {
  const stream = createUnzip({ chunkSize: CHUNK_BYTES });
  stream.end(bytes);
  yield* stream;
}

async function* inTurns(chunks: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let since = performance.now();
  for (const chunk of chunks) {
    yield chunk;
    if (performance.now() - since < TURN_MS) continue;
    await new Promise((resolve) => setImmediate(resolve));
    since = performance.now();
  }
}
