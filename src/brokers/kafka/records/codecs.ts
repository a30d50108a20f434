import kafkajs from 'kafkajs';
import { HandoverError } from '../../../domain/errors.js';
import { type Encoding, inflateWithin } from '../../inflate/inflate.js';
import { DEFAULT_READ_LIMITS } from '../../source.js';

const { CompressionCodecs, CompressionTypes } = kafkajs;
const writeGzip = CompressionCodecs[CompressionTypes.GZIP]().compress;

/**
 * Has kafkajs, which knows only gzip and ends its consumer for good at anything else, read what other producers may have
 * compressed: snappy, LZ4 and Zstandard. Only message sets of the formats before 2 come here, which a broker may still
 * hold from before Kafka 0.11: what is stored since is read by kafkajs-bounded-fetch.ts.
 */
export function registerCodecs(): void {
  CompressionCodecs[CompressionTypes.GZIP] = codec('gzip', writeGzip);
  CompressionCodecs[CompressionTypes.Snappy] = codec('snappy');
  CompressionCodecs[CompressionTypes.LZ4] = codec('lz4');
  CompressionCodecs[CompressionTypes.ZSTD] = codec('zstd');
}

type Compress = (encoder: unknown) => Promise<Buffer>;

function codec(name: Encoding, compress: Compress = () => Promise.reject(readOnly(name))) {
  return () => ({
    compress,
    async decompress(bytes: Buffer): Promise<Buffer> {
      const most = DEFAULT_READ_LIMITS.batchBytes;
      const inflated = await inflateWithin(name, bytes, most).catch((cause: unknown) => {
        throw new HandoverError('broker-refused', `a batch in a Kafka partition is not valid ${name}`, {
          cause,
          hint: 'Look at the log segment with kafka-dump-log, and let the group skip the batch if it is lost.',
        });
      });
      if (inflated !== undefined) return inflated;
      throw new HandoverError(
        'broker-refused',
        `a Kafka message set of an old format comes to more than ${most} bytes`,
        {
          hint: 'Look at the log segment with kafka-dump-log, and let the group skip it, or have it written anew.',
        },
      );
    },
  });
}

function readOnly(name: string): HandoverError {
  return new HandoverError('broker-refused', `handover reads ${name} but does not write it`, {
    hint: 'Publish uncompressed or with gzip.',
  });
}
