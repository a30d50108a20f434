import type { Policy } from '../domain/policy.js';
import type { PolicyStore } from '../ledger/policy-store.js';

/** What came of publishing a version: `newer` if Redis holds a version that this one must not replace. */
export interface Publication {
  readonly newer?: Policy;
}

export interface CutoverDependencies {
  readonly policyStore: Pick<PolicyStore, 'publish'>;
}

export interface CutoverActivities {
  /** Puts `policy` where consumers read it, unless a newer version is there. Safe to repeat. */
  publishPolicy(policy: Policy): Promise<Publication>;
}
