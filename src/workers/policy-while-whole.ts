import type { CurrentPolicy, PolicyCache } from '../ledger/policy-cache.js';
import type { LossWatch } from './loss-watch.js';

type Policy = Pick<PolicyCache, 'current' | 'whenKnown' | 'refresh' | 'redisNow'>;

/**
 * The policy as intake may use it: not known while the ledger has lost records, as by its decisions a message that was
 * seen before would get a new owner.
 */
export function policyWhileWhole(policy: Policy, watch: Pick<LossWatch, 'reason' | 'whenWhole'>): Policy {
  const current = (): CurrentPolicy | undefined => (watch.reason() === undefined ? policy.current() : undefined);
  return {
    current,
    async whenKnown(signal) {
      for (;;) {
        await watch.whenWhole(signal);
        await policy.whenKnown(signal);
        const known = current();
        if (known !== undefined) return known;
      }
    },
    refresh: () => policy.refresh(),
    redisNow: () => policy.redisNow(),
  };
}
