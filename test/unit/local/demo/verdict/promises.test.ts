import { describe, expect, it } from 'vitest';
import type { LedgerRecord } from '../../../../../src/domain/ledger/record.js';
import { bucketOf } from '../../../../../src/domain/message/bucket.js';
import { decide, initialPolicy, type Policy } from '../../../../../src/domain/policy/policy.js';
import { type Plan, planStream } from '../../../../../src/local/demo/plan.js';
import { check, type ProviderEntry, type Told } from '../../../../../src/local/demo/verdict/checker.js';
import { findBrokenPromises, type Outcome } from '../../../../../src/local/demo/verdict/promises.js';
import { sharesOf } from '../../../../../src/local/demo/verdict/shares.js';

const plan: Plan = planStream({ messages: 400, seed: '1', run: 'demo-test' });
const policy: Policy = { ...initialPolicy('2026-01-01T00:00:00Z'), version: 2, consumption: 'on', hundredths: 5_000 };

function recordOf(messageId: string): LedgerRecord {
  return {
    messageId,
    state: 'settled',
    outcome: 'granted',
    ...decide(policy, { bucket: bucketOf('rewards', messageId) }),
    fingerprint: '0'.repeat(16),
    seen: { kafka: true, rocketmq: true },
    round: 1,
    attempt: 1,
  };
}

/** What a run without a fault has left, all of it decided at 50 %. */
function keptPromises(change: { provider?: ProviderEntry[]; told?: [string, Told][] } = {}): Outcome {
  const published = plan.messages.map(({ messageId }) => messageId);
  const granted = published.map(
    (messageId): ProviderEntry => ({ messageId, attempt: 1, effect: 'granted', fault: null, bodyHash: '' }),
  );
  const told = new Map<string, Told>([...published.map((id) => [id, 'granted'] as const), ...(change.told ?? [])]);
  const records = new Map(published.map((id) => [id, recordOf(id)]));
  const tagsOn = (side: 'kafka' | 'rocketmq') =>
    new Set(plan.poison.filter(({ sides }) => sides.includes(side)).map(({ tag }) => tag));
  return {
    migration: 'rewards',
    cutoverKey: 'messageId',
    plan,
    findings: check({ published, poisonBodies: [], provider: [...granted, ...(change.provider ?? [])], told }),
    records,
    phases: sharesOf(records.values(), [{ percentage: 50, version: 2 }]),
    policyAt: (version) => (version === 2 ? policy : undefined),
    deadLetters: { kafka: tagsOn('kafka'), rocketmq: tagsOn('rocketmq') },
  };
}

const first = plan.messages[0]?.messageId ?? '';

describe('the promises of a run', () => {
  it('are all kept by one without a fault', () => {
    expect(findBrokenPromises(keptPromises())).toEqual([]);
  });

  it('are broken by a second reward', () => {
    const again: ProviderEntry = { messageId: first, attempt: 2, effect: 'granted', fault: null, bodyHash: '' };
    expect(findBrokenPromises(keptPromises({ provider: [again] }))).toEqual([
      `1 rewarded more than once: ${first}`,
      expect.stringContaining('asked for again although'),
    ]);
  });

  it('are broken by a message that is shown as refused and was rewarded', () => {
    expect(findBrokenPromises(keptPromises({ told: [[first, 'refused']] }))).toEqual([
      expect.stringContaining(`shown as refused, which the provider did not say: ${first}`),
    ]);
  });

  it('are broken by a message without an end', () => {
    const outcome = keptPromises();
    const findings = { ...outcome.findings, lost: [first] };
    expect(findBrokenPromises({ ...outcome, findings })).toEqual([`1 neither granted, refused nor parked: ${first}`]);
  });

  it('are broken by poison that is missing on one of the dead-letter topics it belongs to', () => {
    const [poison] = plan.poison;
    expect(poison?.sides).toEqual(['kafka', 'rocketmq']);
    const outcome = keptPromises();
    const rocketmq = new Set([...outcome.deadLetters.rocketmq].filter((tag) => tag !== poison?.tag));
    const broken = findBrokenPromises({ ...outcome, deadLetters: { ...outcome.deadLetters, rocketmq } });
    expect(broken).toEqual([expect.stringContaining(`1 poison, and not on the dead-letter topic`)]);
    expect(broken[0]).toContain(poison?.tag);
  });

  it('are broken by an owner to whom the policy does not give the message', () => {
    const outcome = keptPromises();
    const records = new Map(outcome.records);
    const right = recordOf(first);
    records.set(first, { ...right, owner: right.owner === 'kafka' ? 'rocketmq' : 'kafka' });
    expect(findBrokenPromises({ ...outcome, records })).toEqual([expect.stringContaining('1 owned by a side')]);
  });

  it('are broken by an owner decided by a policy that nobody knows', () => {
    expect(findBrokenPromises({ ...keptPromises(), policyAt: () => undefined })).toEqual([
      expect.stringContaining('by version 2, which nobody knows'),
    ]);
  });

  it('are broken by a share far from its percentage', () => {
    const phases = [{ percentage: 50, messages: 1_000, share: 0.6 }];
    expect(findBrokenPromises({ ...keptPromises(), phases })).toEqual([
      'at 50 % the share of rocketmq was 0.600 of 1000, beyond ± 0.083',
    ]);
  });

  it('names a few messages and counts the others', () => {
    const outcome = keptPromises();
    const lost = plan.messages.slice(0, 9).map(({ messageId }) => messageId);
    const [sentence] = findBrokenPromises({ ...outcome, findings: { ...outcome.findings, lost } });
    expect(sentence).toMatch(/^9 neither .*: demo-test-\S+(, demo-test-\S+){4} and 4 more$/);
  });
});
