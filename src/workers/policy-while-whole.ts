import type { IntakeHold } from '../domain/flow/stall.js';
import type { CurrentPolicy, PolicyCache, WhyUnknown } from '../ledger/redis/stores/policy-cache.js';
import type { PolicyStore } from '../ledger/redis/stores/policy-store.js';
import type { PolicyKeeper } from './policy-keeper.js';

type Policy = Pick<PolicyCache, 'current' | 'whenKnown' | 'refresh' | 'redisNow'>;

/** Why the policy is not to be used now, for people; and when there is no reason against it any more. */
export interface Watch {
  /** What is watched, as it begins a reason: `ledger`. */
  readonly subject: string;
  reason(): string | undefined;
  /** Rejects with the signal's reason. */
  whenWhole(signal: AbortSignal): Promise<void>;
}

/**
 * The policy as intake may use it. It is not known while the ledger has lost records, as by its decisions a message that was
 * seen before would get a new owner; nor while Redis holds a copy that the cutover workflow never made, nor while any other
 * watch has a reason against it.
 */
export function policyWhileWhole(
  policy: Policy & Pick<PolicyCache, 'whyUnknown'>,
  watches: readonly Watch[],
): Policy & { readonly holds: readonly IntakeHold[] } {
  const isUsable = (): boolean => watches.every((watch) => watch.reason() === undefined);
  const current = (): CurrentPolicy | undefined => (isUsable() ? policy.current() : undefined);
  return {
    current,
    /** What keeps it from being used, each in its own name: a policy that is well and not to be used is not unknown. */
    get holds() {
      const against = watches.flatMap(({ subject, reason }) => holdOf(subject, reason()));
      const { whyUnknown } = policy;
      if (against.length > 0 || whyUnknown === undefined) return against;
      return holdOf('policy', `it is not known: ${IN_WORDS[whyUnknown]}`);
    },
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

const IN_WORDS: Readonly<Record<WhyUnknown, string>> = {
  'not read yet': 'it has not been read yet',
  missing: 'Redis holds none; a worker puts it there within seconds once Temporal answers',
  unreadable: 'what Redis holds cannot be read; a worker puts it right within seconds once Temporal answers',
  older: 'Redis holds an older version than it did; a worker puts it right within seconds once Temporal answers',
  expired: 'Redis has not said it for 2 s',
};

function holdOf(dependency: string, reason: string | undefined): readonly IntakeHold[] {
  return reason === undefined ? [] : [{ what: `${dependency}: ${reason}`, dependency }];
}

/** The keeper's word on the copy in Redis. */
export function watchOf(keeper: Pick<PolicyKeeper, 'doubt' | 'whenClear'>): Watch {
  return { subject: 'policy', reason: () => keeper.doubt(), whenWhole: (signal) => keeper.whenClear(signal) };
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
