import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { initialPolicy, type Policy } from '../../../../src/domain/policy/policy.js';
import {
  applyPolicyChange,
  type Change,
  findNonsense,
  type PolicyChange,
  type PolicyVersion,
  policyAt,
  versionOf,
} from '../../../../src/domain/policy/policy-change.js';
import type { MigrationStart } from '../../../../src/domain/policy/start.js';

const AT = '2026-11-23T05:00:00.000Z';
const BY: Change = { actor: 'ada', reason: 'tried on staging' };
const START = initialPolicy('2026-11-22T05:00:00.000Z');

function changed(policy: Policy, change: PolicyChange, by: Change = BY): Policy {
  const result = applyPolicyChange(policy, change, by, AT);
  if (result.result !== 'changed') throw new Error(`not changed: ${JSON.stringify(result)}`);
  return result.policy;
}

const MIGRATION_START: MigrationStart = { at: '2026-11-23T04:59:00.000Z', marginMs: 5_000, positions: { 0: '120' } };

const CHANGES: readonly { readonly change: PolicyChange; readonly gives: Partial<Policy> }[] = [
  { change: { kind: 'consumption', consumption: 'on' }, gives: { consumption: 'on' } },
  { change: { kind: 'percentage', hundredths: 29 }, gives: { hundredths: 29 } },
  { change: { kind: 'percentage', hundredths: 10_000 }, gives: { hundredths: 10_000 } },
  { change: { kind: 'allow', businessId: 'user-1' }, gives: { allow: ['user-1'] } },
  { change: { kind: 'failover', failover: 'kafka' }, gives: { failover: 'kafka' } },
  { change: { kind: 'failover', failover: 'rocketmq' }, gives: { failover: 'rocketmq' } },
  { change: { kind: 'start', start: MIGRATION_START }, gives: { start: MIGRATION_START } },
];

describe('a change', () => {
  test.each(CHANGES)('of $change.kind touches nothing else and makes one version', ({ change, gives }) => {
    expect(changed(START, change)).toEqual({ ...START, ...gives, version: 2, updatedAt: AT, ...BY });
  });

  test.each(CHANGES)('of $change.kind to what is so already makes no version', ({ change }) => {
    expect(applyPolicyChange(changed(START, change), change, BY, AT)).toEqual({ result: 'unchanged' });
  });

  test('takes an ID off the whitelist and leaves the others in their order', () => {
    const policy = { ...START, allow: ['a', 'b', 'c'] };
    expect(changed(policy, { kind: 'disallow', businessId: 'b' }).allow).toEqual(['a', 'c']);
    expect(applyPolicyChange(policy, { kind: 'disallow', businessId: 'd' }, BY, AT)).toEqual({ result: 'unchanged' });
  });

  test('is made when the expected version is the present one, and refused as stale when it is not', () => {
    const policy = { ...START, version: 7 };
    const change: PolicyChange = { kind: 'percentage', hundredths: 100 };
    expect(changed(policy, change, { ...BY, expectedVersion: 7 }).version).toBe(8);
    for (const expectedVersion of [6, 8]) {
      expect(applyPolicyChange(policy, change, { ...BY, expectedVersion }, AT)).toMatchObject({
        result: 'refused',
        code: 'policy-stale',
        reason: expect.stringContaining(`at version 7, not ${expectedVersion}`),
      });
    }
  });

  test('is refused as stale even when it would change nothing', () => {
    const result = applyPolicyChange(START, { kind: 'percentage', hundredths: 0 }, { ...BY, expectedVersion: 2 }, AT);
    expect(result).toMatchObject({ result: 'refused', code: 'policy-stale' });
  });

  test('needs a reason for a failover only', () => {
    const unexplained = { actor: 'ada', reason: '  ' };
    expect(changed(START, { kind: 'consumption', consumption: 'on' }, unexplained).reason).toBe('');
    expect(applyPolicyChange(START, { kind: 'failover', failover: 'kafka' }, unexplained, AT)).toMatchObject({
      result: 'refused',
      code: 'policy-refused',
      reason: 'a failover needs a reason',
    });
  });

  test('sets the start once, with a reason, before the new side is opened and not in the future', () => {
    const set = (start: MigrationStart): PolicyChange => ({ kind: 'start', start });
    const refused = (policy: Policy, change: PolicyChange, by = BY) => {
      const result = applyPolicyChange(policy, change, by, AT);
      return result.result === 'refused' ? result.reason : result.result;
    };
    const started = changed(START, set(MIGRATION_START));
    const later = { ...MIGRATION_START, at: '2026-11-23T04:59:30.000Z' };
    expect(refused(started, set(later))).toContain(`the start is ${MIGRATION_START.at} already`);
    expect(refused(started, set({ ...MIGRATION_START, positions: {} }))).toContain('already');
    expect(refused({ ...started, consumption: 'on' }, set(MIGRATION_START))).toBe('unchanged');
    expect(refused({ ...START, consumption: 'on' }, set(MIGRATION_START))).toContain('switch consumption off first');
    expect(refused(START, set({ ...MIGRATION_START, at: '2026-11-23T05:01:00.001Z' }))).toContain('in the future');
    expect(refused(START, set({ ...MIGRATION_START, at: '2026-11-23T05:01:00.000Z' }))).toBe('changed');
    expect(refused(START, set(MIGRATION_START), { actor: 'ada', reason: '' })).toBe('a start needs a reason');
  });

  test('keeps the start out of the versions but the one that set it', () => {
    const result = applyPolicyChange(START, { kind: 'start', start: MIGRATION_START }, BY, AT);
    if (result.result !== 'changed') throw new Error('not changed');
    expect(result.version.start).toEqual(MIGRATION_START);
    const next = applyPolicyChange(result.policy, { kind: 'percentage', hundredths: 1 }, BY, AT);
    if (next.result !== 'changed') throw new Error('not changed');
    expect(next.version).not.toHaveProperty('start');
    const history = [versionOf(START), result.version, next.version];
    expect([1, 2, 3].map((version) => policyAt(next.policy, history, version)?.start)).toEqual([
      undefined,
      MIGRATION_START,
      MIGRATION_START,
    ]);
  });

  test('that would overfill the whitelist is refused; one that shrinks it is not', () => {
    const full = { ...START, allow: Array.from({ length: 500 }, (_, n) => `${n}`.padStart(200, 'x')) };
    expect(applyPolicyChange(full, { kind: 'allow', businessId: 'y' }, BY, AT)).toMatchObject({
      result: 'refused',
      code: 'policy-refused',
      reason: expect.stringContaining('the whitelist is full'),
    });
    expect(changed(full, { kind: 'disallow', businessId: full.allow[0] ?? '' }).allow).toHaveLength(499);
  });
});

describe('nonsense', () => {
  const percentage = (hundredths: unknown) => ({ kind: 'percentage', hundredths }) as PolicyChange;
  const allow = (businessId: unknown) => ({ kind: 'allow', businessId }) as PolicyChange;

  test.each([
    [percentage(-1)],
    [percentage(10_001)],
    [percentage(0.5)],
    [percentage(Number.NaN)],
    [percentage('10')],
    [percentage(undefined)],
    [allow('')],
    [allow('x'.repeat(201))],
    [allow('a\nb')],
    [allow(42)],
    [{ kind: 'disallow', businessId: undefined } as unknown as PolicyChange],
    [{ kind: 'consumption', consumption: 'yes' } as unknown as PolicyChange],
    [{ kind: 'failover', failover: 'redis' } as unknown as PolicyChange],
    [{ kind: 'start', start: undefined } as unknown as PolicyChange],
  ])('%j is refused', (change) => {
    expect(findNonsense(change, BY)).toEqual(expect.any(String));
    expect(applyPolicyChange(START, change, BY, AT)).toMatchObject({ result: 'refused', code: 'policy-refused' });
  });

  test.each([
    ['no actor', { reason: '' }],
    ['a blank actor', { actor: ' ', reason: '' }],
    ['an endless actor', { actor: 'a'.repeat(201), reason: '' }],
    ['an actor of two lines', { actor: 'ada\nbob', reason: '' }],
    ['a reason that is no text', { actor: 'ada', reason: 5 }],
    ['no reason at all', { actor: 'ada' }],
    ['an endless reason', { actor: 'ada', reason: 'r'.repeat(1_001) }],
    ['a version that is no number', { actor: 'ada', reason: '', expectedVersion: '1' }],
    ['version 0', { actor: 'ada', reason: '', expectedVersion: 0 }],
  ])('%s is refused', (_, by) => {
    expect(findNonsense({ kind: 'consumption', consumption: 'on' }, by as Change)).toEqual(expect.any(String));
  });
});

describe('the history', () => {
  const businessId = fc.constantFrom('a', 'b', 'c', 'd');
  const anyChange: fc.Arbitrary<PolicyChange> = fc.oneof(
    fc.record({
      kind: fc.constant('consumption' as const),
      consumption: fc.constantFrom('on' as const, 'off' as const),
    }),
    fc.record({ kind: fc.constant('percentage' as const), hundredths: fc.integer({ min: 0, max: 10_000 }) }),
    fc.record({ kind: fc.constant('allow' as const), businessId }),
    fc.record({ kind: fc.constant('disallow' as const), businessId }),
    fc.record({ kind: fc.constant('failover' as const), failover: fc.constantFrom('none', 'kafka', 'rocketmq') }),
    fc.constant({ kind: 'start' as const, start: MIGRATION_START }),
  );

  test('gives back every version that it reaches, as it was', () => {
    fc.assert(
      fc.property(fc.array(anyChange, { maxLength: 30 }), fc.nat({ max: 30 }), (changes, kept) => {
        let policy = START;
        const policies = [policy];
        let history: PolicyVersion[] = [versionOf(policy)];
        for (const change of changes) {
          const result = applyPolicyChange(policy, change, BY, AT);
          if (result.result !== 'changed') continue;
          policy = result.policy;
          policies.push(policy);
          history.push(result.version);
        }
        history = history.slice(-Math.max(1, kept));
        for (const earlier of policies) {
          const reached = earlier.version > policy.version - history.length;
          expect(policyAt(policy, history, earlier.version)).toEqual(reached ? earlier : undefined);
        }
      }),
    );
  });

  test('holds no copy of the whitelist', () => {
    const result = applyPolicyChange({ ...START, allow: ['a'] }, { kind: 'allow', businessId: 'b' }, BY, AT);
    expect(result).toHaveProperty('version.whitelist', { added: 'b' });
    expect(result).not.toHaveProperty('version.allow');
  });
});
