import { describe, expect, it } from 'vitest';
import type { LedgerRecord } from '../../../../../src/domain/ledger/record.js';
import { planStream } from '../../../../../src/local/demo/plan.js';
import { check, type ProviderEntry, type Told } from '../../../../../src/local/demo/verdict/checker.js';
import { describeReport, type Evidence, reportOn } from '../../../../../src/local/demo/verdict/report.js';

const plan = planStream({ messages: 400, seed: '1', run: 'demo-test' });
const published = plan.messages.map(({ messageId }) => messageId);

function evidence(): Evidence {
  const told = new Map<string, Told>(published.slice(2).map((id) => [id, 'granted']));
  told.set(published[0] ?? '', 'parked');
  told.set(published[1] ?? '', 'refused');
  const provider = published.map(
    (messageId, i): ProviderEntry => ({
      messageId,
      attempt: 1,
      effect: i === 1 ? 'none' : 'granted',
      fault: i === 1 ? 'refuse' : null,
      bodyHash: '',
    }),
  );
  const records = published.map((messageId, i): [string, LedgerRecord] => [
    messageId,
    {
      ...{ messageId, state: 'settled', owner: i % 4 === 0 ? 'rocketmq' : 'kafka', reason: 'whitelisted' },
      ...{ policyVersion: 2, fingerprint: '', seen: { kafka: true, rocketmq: true }, round: 1, attempt: 1 },
    },
  ]);
  return {
    plan,
    handed: plan.phases.flat().length,
    findings: check({ published, poisonBodies: [], provider, told }),
    records: new Map(records),
    // One on both sides, one on one of them.
    deadLetters: {
      kafka: new Set(plan.poison.slice(0, 2).map(({ tag }) => tag)),
      rocketmq: new Set(plan.poison.slice(0, 1).map(({ tag }) => tag)),
    },
    phases: [{ percentage: 10, messages: 99, share: 0.111 }],
    seconds: 100.5,
    temporal: 'memory',
    killed: [{ name: 'kafka-1', inHand: 3 }],
    providerLedger: '/logs/provider-ledger.jsonl',
  };
}

describe('the report of a run', () => {
  it('has just the keys that are promised', () => {
    expect(Object.keys(reportOn(evidence()))).toEqual([
      ...['published', 'unique', 'granted', 'refused', 'parked', 'deadLettered', 'duplicateEffects', 'lost', 'owners'],
      ...['phases', 'retried', 'seconds', 'temporal'],
    ]);
  });

  it('accounts for every unique message, and counts poison once on however many topics it is', () => {
    const report = reportOn(evidence());
    expect(report).toMatchObject({ published: 412, unique: 396, parked: 1, refused: 1, lost: 0, deadLettered: 2 });
    expect(report.granted + report.refused + report.parked + report.lost).toBe(report.unique);
    expect(report.owners).toEqual({ kafka: 297, rocketmq: 99 });
  });

  it('is told to people with where it comes from', () => {
    const text = describeReport(reportOn(evidence()), evidence()).join('\n');
    expect(text).toContain('the provider gave 395 rewards in 396 calls');
    expect(text).toContain('kafka-1 (3 in hand)');
    expect(text).toContain('/logs/provider-ledger.jsonl');
    expect(text).toContain('memory');
  });
});
