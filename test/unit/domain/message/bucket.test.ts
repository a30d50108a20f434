import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BUCKETS, bucketOf } from '../../../../src/domain/message/bucket.js';

interface Vectors {
  readonly vectors: readonly { readonly migration: string; readonly cutoverKey: string; readonly bucket: number }[];
}

// The vectors are made and recomputed by other programs than this one: test/contract/ledger/bucket-vectors.test.ts.
const { vectors } = JSON.parse(
  readFileSync(new URL('../../../../docs/bucket-vectors.json', import.meta.url), 'utf8'),
) as Vectors;

describe('the bucket', () => {
  test.each(vectors)('of $migration:$cutoverKey is the published one, $bucket', ({ migration, cutoverKey, bucket }) => {
    expect(bucketOf(migration, cutoverKey)).toBe(bucket);
  });

  test('the published ones cover both ends', () => {
    expect(vectors.map(({ bucket }) => bucket)).toEqual(expect.arrayContaining([1, BUCKETS]));
  });

  test('is a whole number from 1 to 10000, the same each time', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,39}$/), fc.string({ unit: 'grapheme' }), (migration, key) => {
        const bucket = bucketOf(migration, key);
        expect(Number.isInteger(bucket)).toBe(true);
        expect(bucket).toBeGreaterThanOrEqual(1);
        expect(bucket).toBeLessThanOrEqual(BUCKETS);
        expect(bucketOf(migration, key)).toBe(bucket);
      }),
    );
  });

  test('spreads consecutive IDs evenly: each percent gets its share within five standard errors', () => {
    const keys = 200_000;
    const percents = Array.from({ length: 100 }, () => 0);
    for (let i = 0; i < keys; i += 1) {
      const percent = Math.ceil(bucketOf('rewards', `order-${i}`) / 100) - 1;
      percents[percent] = (percents[percent] ?? 0) + 1;
    }
    const expected = keys / 100;
    const bound = 5 * Math.sqrt(expected * 0.99);
    for (const count of percents) expect(Math.abs(count - expected)).toBeLessThan(bound);
  });

  test('of two migrations is not the same for the same keys', () => {
    const keys = Array.from({ length: 1_000 }, (_, i) => `user-${i}`);
    const same = keys.filter((key) => bucketOf('rewards', key) === bucketOf('refunds', key));
    expect(same.length).toBeLessThan(10);
  });
});
