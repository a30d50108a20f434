import { randomUUID } from 'node:crypto';
import type { Evidence } from '../../../src/domain/reward/outcome.js';
import type { Side } from '../../../src/domain/side.js';
import type { BeginRequest, Holder, RouteRequest } from '../../../src/ledger/ledger.js';

export const MIGRATION = 'rewards';
export const LIFETIME_MS = 60_000;

export const EVIDENCE: Evidence = { phase: 'sent', detail: 'the connection was reset', latencyMs: 12 };

/** A delivery as intake routes it, of a message that `kafka` owns. */
export function routeRequest(given: Partial<RouteRequest> = {}): RouteRequest {
  return {
    messageId: randomUUID(),
    side: 'kafka',
    fingerprint: '0123456789abcdef',
    decision: { owner: 'kafka', reason: 'bucket 812 > 100', policyVersion: 3 },
    validUntil: Number.MAX_SAFE_INTEGER,
    checkAfterMs: 60_000,
    beyondMemory: false,
    beforeStart: false,
    ...given,
  };
}

/** A workflow run of the message of `request`. */
export function holderOf({ messageId, decision, fingerprint }: RouteRequest, run: string = randomUUID()): Holder {
  return { messageId, run, origin: { decision, fingerprint } };
}

/** The `begin` of an execution of the reward activity: by default the first of the first round. */
export function beginRequest(holder: Holder, given: Partial<BeginRequest> = {}): BeginRequest {
  const owner: Side = holder.origin.decision.owner;
  return { ...holder, owner, round: 1, attempt: 1, nonce: randomUUID(), cleared: 0, lastsMs: 10_000, ...given };
}
