import { decompress as decompressZstd } from 'fzstd';
import kafkajs from 'kafkajs';
import snappy from 'snappyjs';
import { HandoverError } from '../domain/errors.js';
import { decompressLz4 } from './lz4-frame.js';

const XERIAL_MAGIC = Buffer.from('\x82SNAPPY\0', 'latin1');
/** The magic, then a version and a compatible version of four bytes each. */
const XERIAL_HEADER = XERIAL_MAGIC.length + 8;

/**
 * Teaches kafkajs, which knows only gzip and ends its consumer for good at anything else, to read what other producers
 * may have compressed: snappy (raw, or in the framing of the Java client), LZ4 and Zstandard. Reading only.
 */
export function registerCodecs(): void {
  const { CompressionCodecs, CompressionTypes } = kafkajs;
  CompressionCodecs[CompressionTypes.Snappy] = reader('snappy', decompressSnappy);
  CompressionCodecs[CompressionTypes.LZ4] = reader('lz4', decompressLz4);
  CompressionCodecs[CompressionTypes.ZSTD] = reader('zstd', (bytes) => Buffer.from(decompressZstd(bytes)));
}

/** @throws Error when the bytes are not snappy. */
export function decompressSnappy(bytes: Buffer): Buffer {
  if (!bytes.subarray(0, XERIAL_MAGIC.length).equals(XERIAL_MAGIC)) return Buffer.from(snappy.uncompress(bytes));
  const blocks: Uint8Array[] = [];
  for (let at = XERIAL_HEADER; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    at += 4;
    blocks.push(snappy.uncompress(bytes.subarray(at, at + length)));
    at += length;
  }
  return Buffer.concat(blocks);
}

function reader(name: string, decompress: (bytes: Buffer) => Buffer) {
  return () => ({
    async compress(): Promise<Buffer> {
      throw new HandoverError('broker-refused', `handover reads ${name} but does not write it`, {
        hint: 'Publish uncompressed or with gzip.',
      });
    },
    async decompress(bytes: Buffer): Promise<Buffer> {
      try {
        return decompress(bytes);
      } catch (cause) {
        throw new HandoverError('broker-refused', `a batch in a Kafka partition is not valid ${name}`, {
          cause,
          hint: 'Look at the log segment with kafka-dump-log, and let the group skip the batch if it is lost.',
        });
      }
    },
  });
}
