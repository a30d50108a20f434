import { readFileSync } from 'node:fs';
import kafkajs from 'kafkajs';
import { beforeAll, describe, expect, it } from 'vitest';
import { registerCodecs } from '../../../../../src/brokers/kafka/records/codecs.js';
import { HandoverError } from '../../../../../src/domain/errors.js';
import { zstdOfZeros } from '../../../../support/brokers/compressed.js';

/** The compressed part of batches as kafka-clients 4.1.0 and librdkafka 2.16 sent them, in base64. */
const batches: Record<string, string> = JSON.parse(
  readFileSync(new URL('../../inflate/compressed-batches.json', import.meta.url), 'utf8'),
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

  it('of an old format are refused when they come to more than may be held', async () => {
    const bomb = codec('zstd').decompress(zstdOfZeros(65 << 20));
    await expect(bomb).rejects.toThrow('comes to more than 67108864 bytes');
  });

  it('nothing is written with a codec that is read only', async () => {
    await expect(codec('zstd').compress(Buffer.from('x'))).rejects.toBeInstanceOf(HandoverError);
  });
});
