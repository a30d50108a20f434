import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Backend, startSingle } from '../../support/ledger/ledger-backends.js';

interface Vector {
  readonly migration: string;
  readonly cutoverKey: string;
  readonly sha1: string;
  readonly hash: number;
  readonly bucket: number;
}

const { vectors } = JSON.parse(readFileSync(new URL('../../../docs/bucket-vectors.json', import.meta.url), 'utf8')) as {
  readonly vectors: readonly Vector[];
};

/** The rule as a producer in another language would write it: nothing of it is shared with src/domain/message/bucket.ts. */
const RULE = `
  local sha1 = redis.sha1hex(ARGV[1] .. ':' .. ARGV[2])
  local hash = tonumber(string.sub(sha1, 1, 8), 16)
  local digits = string.format('%04.0f', hash % 10000)
  local last, before = tonumber(string.sub(digits, 3, 4)), tonumber(string.sub(digits, 1, 2))
  if last == 0 then last = 100 end
  return { sha1, string.format('%.0f', hash), string.format('%.0f', (last - 1) * 100 + before + 1) }
`;

let backend: Backend;

beforeAll(async () => {
  backend = await startSingle();
});
afterAll(() => backend.stop());

describe('the published bucket vectors', () => {
  test.each(vectors)('$migration:$cutoverKey is in bucket $bucket by Redis, too', async (vector) => {
    const { migration, cutoverKey, sha1, hash, bucket } = vector;
    const answer = await backend.client.eval(RULE, 0, migration, cutoverKey);
    expect(answer).toEqual([sha1, String(hash), String(bucket)]);
  });
});
