import type { CurrentPolicy, PolicyCache } from '../ledger/policy-cache.js';
import type { PolicyStore } from '../ledger/policy-store.js';
import type { LossWatch } from './loss-watch.js';
import type { PolicyKeeper } from './policy-keeper.js';

type Policy = Pick<PolicyCache, 'current' | 'whenKnown' | 'refresh' | 'redisNow'>;

/**
 * The policy as intake may use it. It is not known while the ledger has lost records, as by its decisions a message that was
 * seen before would get a new owner; nor while Redis holds a copy that the cutover workflow never made.
 */
export function policyWhileWhole(
  policy: Policy,
  watch: Pick<LossWatch, 'reason' | 'whenWhole'>,
  keeper: Pick<PolicyKeeper, 'doubt' | 'whenClear'>,
): Policy {
  const isUsable = (): boolean => watch.reason() === undefined && keeper.doubt() === undefined;
  const current = (): CurrentPolicy | undefined => (isUsable() ? policy.current() : undefined);
  return {
    current,
    async whenKnown(signal) {
      for (;;) {
        await watch.whenWhole(signal);
        await keeper.whenClear(signal);
        await policy.whenKnown(signal);
        const known = current();
        if (known !== undefined) return known;
      }
    },
    refresh: () => policy.refresh(),
    redisNow: () => policy.redisNow(),
  };
}

/** The copy as adoption may use it: what the cutover workflow never made is no policy, and nothing is adopted by it. */
export function policyUnlessInDoubt(
  store: Pick<PolicyStore, 'read'>,
  doubt: () => string | undefined,
): Pick<PolicyStore, 'read'> {
  return {
    async read() {
      const reading = await store.read();
      return doubt() === undefined ? reading : { known: false, reason: 'unreadable', readAt: reading.readAt };
    },
  };
}
