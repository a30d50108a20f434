import { createHash } from 'node:crypto';

/** Buckets are 1..10000, so that one bucket is 0.01 % of the keys. */
export const BUCKETS = 10_000;

/**
 * The bucket of a cutover key, 1..10000, the same in every language (test vectors: docs/bucket-vectors.json).
 * h = first 4 bytes of SHA-1 of `<migration>:<cutover key>`, big-endian; p = its last two decimal digits, 00 read as 100;
 * q = the two digits before them; bucket = (p - 1) x 100 + q + 1. So a whole percentage takes just the hashes whose last
 * two digits do not exceed it, and q subdivides each of them in steps of 0.01 %.
 */
export function bucketOf(migration: string, cutoverKey: string): number {
  const hash = createHash('sha1').update(`${migration}:${cutoverKey}`, 'utf8').digest().readUInt32BE(0);
  const lastTwo = hash % 100 || 100;
  const beforeThem = Math.floor(hash / 100) % 100;
  return (lastTwo - 1) * 100 + beforeThem + 1;
}
