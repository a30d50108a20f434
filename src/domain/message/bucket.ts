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

/** How many bytes of the SHA-256 are kept: enough to tell a producer's reuse of an ID, small enough for a settled record. */
const FINGERPRINT_BYTES = 8;

/** Tells two payloads under one message ID apart: the first 8 bytes of the SHA-256 of the raw body, as 16 hex digits. */
export function fingerprintOf(body: Uint8Array): string {
  return createHash('sha256')
    .update(body)
    .digest('hex')
    .slice(0, FINGERPRINT_BYTES * 2);
}
