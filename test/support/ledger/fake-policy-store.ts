import type { Policy } from '../../../src/domain/policy/policy.js';
import type { PolicyReading, PolicyStore, PublishVerdict } from '../../../src/ledger/redis/stores/policy-store.js';

/** The copy of the policy in memory, with the compare-and-set of the real one, and switches for its faults. */
export class FakePolicyStore implements Pick<PolicyStore, 'read' | 'publish'> {
  copy: Policy | undefined;
  /** The versions that were published, in their order. */
  readonly publications: number[] = [];
  away = false;
  /** Redis time, ms. */
  time = 1_000;

  async read(): Promise<PolicyReading> {
    if (this.away) throw new Error('Redis is away');
    const readAt = this.time;
    return this.copy === undefined
      ? { known: false, reason: 'missing', readAt }
      : { known: true, policy: this.copy, readAt };
  }

  async publish(policy: Policy): Promise<PublishVerdict> {
    if (this.away) throw new Error('Redis is away');
    const before = this.copy;
    // Another publication may come in here, if the caller lets it.
    await new Promise((resolve) => setImmediate(resolve));
    if (before !== undefined && before.version > policy.version) return { verdict: 'older', newer: before };
    this.copy = policy;
    this.publications.push(policy.version);
    return { verdict: 'published' };
  }
}
