import type { CurrentPolicy, PolicyCache } from '../ledger/policy-cache.js';
import type { PolicyStore } from '../ledger/policy-store.js';
import type { PolicyKeeper } from './policy-keeper.js';

type Policy = Pick<PolicyCache, 'current' | 'whenKnown' | 'refresh' | 'redisNow'>;

/** Why the policy is not to be used now, for people; and when there is no reason against it any more. */
export interface Watch {
  reason(): string | undefined;
  /** Rejects with the signal's reason. */
  whenWhole(signal: AbortSignal): Promise<void>;
}

/**
 * The policy as intake may use it. It is not known while the ledger has lost records, as by its decisions a message that was
 * seen before would get a new owner; nor while Redis holds a copy that the cutover workflow never made, nor while any other
 * watch has a reason against it.
 */
export function policyWhileWhole(policy: Policy, watches: readonly Watch[]): Policy {
  const isUsable = (): boolean => watches.every((watch) => watch.reason() === undefined);
  const current = (): CurrentPolicy | undefined => (isUsable() ? policy.current() : undefined);
  return {
    current,
    async whenKnown(signal) {
      for (;;) {
        for (const watch of watches) await watch.whenWhole(signal);
        await policy.whenKnown(signal);
        const known = current();
        if (known !== undefined) return known;
      }
    },
    refresh: () => policy.refresh(),
    redisNow: () => policy.redisNow(),
  };
}

/** The keeper's word on the copy in Redis. */
export function watchOf(keeper: Pick<PolicyKeeper, 'doubt' | 'whenClear'>): Watch {
  return { reason: () => keeper.doubt(), whenWhole: (signal) => keeper.whenClear(signal) };
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
