import { describe, expect, it } from 'vitest';
import type { CurrentPolicy, WhyUnknown } from '../../../src/ledger/redis/stores/policy-cache.js';
import { policyWhileWhole } from '../../../src/workers/policy-while-whole.js';

/** A policy cache that holds a policy, or has not; and what the ledger's watch and the keeper have against it. */
function policyOf(whyUnknown: WhyUnknown | undefined, against: { ledger?: string; policy?: string } = {}) {
  const cache = {
    current: () => (whyUnknown === undefined ? ({} as CurrentPolicy) : undefined),
    whenKnown: async () => ({}) as CurrentPolicy,
    refresh: async () => undefined,
    redisNow: () => 0,
    whyUnknown,
  };
  const whenWhole = async () => undefined;
  return policyWhileWhole(cache, [
    { subject: 'ledger', reason: () => against.ledger, whenWhole },
    { subject: 'policy', reason: () => against.policy, whenWhole },
  ]);
}

describe('why intake does not go by the policy', () => {
  it('is nothing while the policy is known and nothing is against it', () => {
    expect(policyOf(undefined).holds).toEqual([]);
  });

  it('is the ledger alone while that is being rebuilt, as nothing is wrong with the policy', () => {
    const policy = policyOf(undefined, { ledger: 'it is being rebuilt' });
    expect(policy.current()).toBeUndefined();
    expect(policy.holds).toEqual([{ what: 'ledger: it is being rebuilt', dependency: 'ledger' }]);
  });

  it('is the doubt, in its own words, and not that the policy is unknown', () => {
    const doubt = 'Redis holds version 9, which the cutover workflow never made';
    expect(policyOf(undefined, { policy: doubt }).holds).toEqual([{ what: `policy: ${doubt}`, dependency: 'policy' }]);
  });

  it('is that it is not known, and why, where that is so', () => {
    const [hold, ...others] = policyOf('missing').holds;
    expect(hold?.what).toMatch(/^policy: it is not known: Redis holds none/);
    expect(others).toEqual([]);
  });
});
