const MAGIC = 0xfd2f_b528;
/** Frames that hold no data; the last four bits are free. */
const SKIPPABLE_MAGIC = 0x184d_2a50;
/** What the highest level of any encoder declares, by default. */
const LARGEST_WINDOW = 128 << 20;
const LARGEST_BLOCK = 128 << 10;
const DICTIONARY_ID_BYTES = [0, 1, 2, 4] as const;
const CONTENT_SIZE_BYTES = [0, 2, 4, 8] as const;

/**
 * Walks over the frames and blocks without decompressing any. The library fzstd allocates the window that a frame's header
 * declares (up to 2 GiB, written over with each block), and believes each block's length.
 * @throws Error when they are not Zstandard frames within these bounds.
 */
export function checkZstdFrames(source: Buffer): void {
  if (source.length === 0) throw new Error('not a zstd frame');
  for (let at = 0; at < source.length; ) {
    need(source, at, 8);
    const magic = source.readUInt32LE(at);
    if ((magic & ~0xf) >>> 0 === SKIPPABLE_MAGIC) {
      at += 8 + source.readUInt32LE(at + 4);
      need(source, at, 0);
    } else if (magic === MAGIC) at = checkFrame(source, at + 4);
    else throw new Error('not a zstd frame');
  }
}

/** Answers where the frame ends. */
function checkFrame(source: Buffer, start: number): number {
  const descriptor = source.readUInt8(start);
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const hasChecksum = (descriptor & 0x04) !== 0;
  const dictionaryBytes = DICTIONARY_ID_BYTES[descriptor & 3] as number;
  const sizeBytes = CONTENT_SIZE_BYTES[descriptor >> 6] || (isSingleSegment ? 1 : 0);
  let at = start + 1;
  need(source, at, (isSingleSegment ? 0 : 1) + dictionaryBytes + sizeBytes);
  let window = 0;
  if (!isSingleSegment) {
    const byte = source.readUInt8(at++);
    window = 2 ** (10 + (byte >> 3)) * (1 + (byte & 7) / 8);
  }
  if (source.subarray(at, at + dictionaryBytes).some((byte) => byte !== 0))
    throw new Error('a zstd frame that needs a dictionary');
  at += dictionaryBytes;
  if (isSingleSegment) window = sizeBytes === 8 ? Number(source.readBigUInt64LE(at)) : source.readUIntLE(at, sizeBytes);
  if (window > LARGEST_WINDOW) throw new Error(`a zstd frame that declares a window of ${window} bytes`);
  at += sizeBytes;
  for (let isLast = false; !isLast; ) {
    need(source, at, 3);
    const header = source.readUIntLE(at, 3);
    isLast = (header & 1) === 1;
    const type = (header >> 1) & 3;
    const length = header >> 3;
    if (type === 3 || length > LARGEST_BLOCK) throw new Error('a damaged zstd block');
    const stored = type === 1 ? 1 : length;
    need(source, at + 3, stored);
    at += 3 + stored;
  }
  need(source, at, hasChecksum ? 4 : 0);
  return at + (hasChecksum ? 4 : 0);
}

function need(source: Buffer, at: number, bytes: number): void {
  if (at + bytes > source.length) throw new Error('a truncated zstd frame');
}
