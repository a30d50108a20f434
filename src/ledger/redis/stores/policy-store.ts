import type { Policy } from '../../../domain/policy/policy.js';
import { type PolicyVersion, versionOf } from '../../../domain/policy/policy-change.js';
import { unreadable } from '../../ledger-error.js';
import { anotherConnection, type RedisClient } from '../connect.js';
import { keys } from '../keys.js';
import { ask, runScript } from '../run-script.js';
import { AUDIT_ENTRIES } from './audit.js';
import { decodePolicy, encodePolicy } from './policy-codec.js';

/** The consumers' copy of the policy as it was at `readAt` (Redis time, ms). No copy is never read as 0 or 100 percent. */
export type PolicyReading =
  | { readonly known: true; readonly policy: Policy; readonly readAt: number }
  | { readonly known: false; readonly reason: 'missing' | 'unreadable'; readonly readAt: number };

export type PublishVerdict =
  | { readonly verdict: 'published' | 'already' }
  /** Redis holds the higher version `newer`, which stays. */
  | { readonly verdict: 'older'; readonly newer: Policy };

/**
 * The copy of the policy that consumers read; the cutover workflow's own is the truth.
 * @throws HandoverError `ledger-unavailable` and `ledger-rejected`, as the ledger does.
 */
export interface PolicyStore {
  read(): Promise<PolicyReading>;
  /**
   * Puts a version where consumers read it, tells them, and writes it to the audit stream, all in one step. Safe to
   * repeat. `change` is what the audit stream shows, by default the policy without its whitelist.
   */
  publish(policy: Policy, change?: PolicyVersion): Promise<PublishVerdict>;
  /** Calls `onChange` at each new version, over a connection of its own, until the answered function has been called. */
  subscribe(onChange: () => void): Promise<() => Promise<void>>;
}

export function createPolicyStore(client: RedisClient, migration: string): PolicyStore {
  const copy = keys.policy(migration);
  const channel = keys.policyChannel(migration);

  return {
    async read() {
      const [now, found, json] = await runScript(client, 'policy-read', [copy], [], { what: 'read the policy' });
      const readAt = Number(now);
      if (found === 'missing') return { known: false, reason: 'missing', readAt };
      const policy = found === 'stored' && json !== undefined ? decodePolicy(json) : undefined;
      return policy === undefined ? { known: false, reason: 'unreadable', readAt } : { known: true, policy, readAt };
    },

    async publish(policy, change = versionOf(policy)) {
      const put = (replaced: string) =>
        runScript(
          client,
          'policy-publish',
          [copy, keys.audit(migration), channel],
          [policy.version, encodePolicy(policy), JSON.stringify(change), AUDIT_ENTRIES, replaced],
          { what: `publish version ${policy.version} of the policy` },
        );
      let [verdict, stored = ''] = await put('');
      if (verdict === 'older' && decodePolicy(stored) === undefined) {
        // It shows a version and yet is no policy, so that consumers hold: just this text may be replaced.
        [verdict, stored = ''] = await put(stored);
      }
      if (verdict === 'published' || verdict === 'already') return { verdict };
      const newer = decodePolicy(stored);
      if (verdict === 'older' && newer !== undefined) return { verdict, newer };
      throw unreadable('publish the policy', `the script answered ${verdict}`);
    },

    async subscribe(onChange) {
      const subscriber = anotherConnection(client);
      // A connection that ends is made again and subscribed anew; what is missed meanwhile is read at the next look.
      subscriber.on('error', () => undefined);
      subscriber.on('message', onChange);
      try {
        await ask(subscriber, { what: 'subscribe to the policy' }, () => subscriber.subscribe(channel));
      } catch (error) {
        subscriber.disconnect();
        throw error;
      }
      return async () => {
        // What is on its way still arrives, but nobody is told any more.
        subscriber.off('message', onChange);
        subscriber.disconnect();
      };
    },
  };
}
