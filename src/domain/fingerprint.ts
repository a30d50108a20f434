import { createHash } from 'node:crypto';

/** How many bytes of the SHA-256 are kept: enough to tell a producer's reuse of an ID, small enough for a settled record. */
const FINGERPRINT_BYTES = 8;

/** Tells two payloads under one message ID apart: the first 8 bytes of the SHA-256 of the raw body, as 16 hex digits. */
export function fingerprintOf(body: Uint8Array): string {
  return createHash('sha256')
    .update(body)
    .digest('hex')
    .slice(0, FINGERPRINT_BYTES * 2);
}
