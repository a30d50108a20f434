import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { GrantResult } from '../../../../src/domain/reward/outcome.js';
import {
  afterAttempt,
  faultOfWorker,
  NO_PROVIDER_FAULT,
  type ProviderFault,
} from '../../../../src/domain/reward/provider-fault.js';

type Kind = 'blames' | 'granted' | 'busy' | 'unknown';

interface Attempt {
  readonly messageId: string;
  readonly kind: Kind;
}

const RESULTS: Readonly<Record<Kind, GrantResult>> = {
  blames: { outcome: 'not-executed', workerAtFault: true, evidence: { phase: 'answered', detail: 'HTTP 403' } },
  granted: { outcome: 'granted', evidence: { phase: 'answered', detail: 'HTTP 200' } },
  busy: { outcome: 'not-executed', evidence: { phase: 'answered', detail: 'HTTP 429' } },
  unknown: { outcome: 'unknown', evidence: { phase: 'sent', detail: 'no answer' } },
};

const told = (attempts: readonly Attempt[]): ProviderFault =>
  attempts.reduce((fault, { messageId, kind }) => afterAttempt(fault, messageId, RESULTS[kind]), NO_PROVIDER_FAULT);
const blaming = (...ids: string[]): Attempt[] => ids.map((messageId) => ({ messageId, kind: 'blames' }));

describe('a provider that rejects this worker', () => {
  it('for one message, however often, leaves the worker ready', () => {
    expect(faultOfWorker(told(blaming(...Array(1_000).fill('m-1'))))).toBeUndefined();
  });

  it('for three messages in a row is the worker’s fault, in the provider’s words', () => {
    expect(faultOfWorker(told(blaming('m-1', 'm-2')))).toBeUndefined();
    expect(faultOfWorker(told(blaming('m-1', 'm-2', 'm-1', 'm-3')))).toMatch(/3 messages and more in a row: HTTP 403$/);
  });

  it('is at fault exactly while three messages have blamed it since it took one, and keeps no more than that', () => {
    const kind = fc.constantFrom<Kind[]>('blames', 'blames', 'unknown', 'granted', 'busy');
    const attempt = fc.record({ messageId: fc.constantFrom('a', 'b', 'c', 'd', 'e'), kind });
    fc.assert(
      fc.property(fc.array(attempt, { maxLength: 40 }), (attempts) => {
        const accepted = attempts.findLastIndex(({ kind }) => kind === 'granted' || kind === 'busy');
        const since = attempts.slice(accepted + 1).filter(({ kind }) => kind === 'blames');
        const fault = told(attempts);
        expect(faultOfWorker(fault) !== undefined).toBe(new Set(since.map(({ messageId }) => messageId)).size >= 3);
        expect(fault.blamedBy.length).toBeLessThanOrEqual(3);
      }),
    );
  });
});
