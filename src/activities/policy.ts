import type { Policy } from '../domain/policy/policy.js';
import type { PolicyVersion } from '../domain/policy/policy-change.js';
import type { PolicyStore } from '../ledger/redis/stores/policy-store.js';

export interface Publication {
  readonly policy: Policy;
  /** What the audit stream shows of it. */
  readonly version: PolicyVersion;
  /** Redis time (ms) after which it is not to be published any more. Default: no end. */
  readonly notAfter?: number | undefined;
}

export type PublicationResult =
  | { readonly result: 'published' }
  /** Redis holds a newer version, which must not be replaced. */
  | { readonly result: 'newer'; readonly policy: Policy }
  /** `notAfter` had passed, and it is not what Redis holds. */
  | { readonly result: 'late' };

export interface CutoverDependencies {
  readonly policyStore: Pick<PolicyStore, 'read' | 'publish'>;
}

export interface CutoverActivities {
  /** Puts a version of the policy where consumers read it. Safe to repeat. */
  publishPolicy(publication: Publication): Promise<PublicationResult>;
}

export function createCutoverActivities({ policyStore }: CutoverDependencies): CutoverActivities {
  /** An attempt whose answer was lost may have published it in time. */
  async function isLate(policy: Policy, notAfter: number): Promise<boolean> {
    const reading = await policyStore.read();
    if (reading.readAt <= notAfter) return false;
    return !(
      reading.known &&
      reading.policy.version === policy.version &&
      reading.policy.updatedAt === policy.updatedAt &&
      reading.policy.actor === policy.actor
    );
  }

  return {
    async publishPolicy({ policy, version, notAfter }) {
      if (notAfter !== undefined && (await isLate(policy, notAfter))) return { result: 'late' };
      const published = await policyStore.publish(policy, version);
      return published.verdict === 'older' ? { result: 'newer', policy: published.newer } : { result: 'published' };
    },
  };
}
