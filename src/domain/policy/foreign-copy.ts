import type { Policy } from './policy.js';
import { type Change, findNonsenseInBy } from './policy-change.js';

/**
 * A copy of the policy in Redis with a version above the cutover workflow's own, which that workflow never made: a person's
 * SET, a forged one, or the trace of a Temporal that was set back. Nobody but a person can say which of the two counts.
 */
export type ForeignCopy = Policy;

/** A person's word on it: go on with what the workflow has, or with what the copy says. */
export interface ForeignCopyAnswer extends Change {
  readonly keep: 'workflow' | 'copy';
  /** The version of the copy that the person has looked at; refused for any other. */
  readonly foreignVersion: number;
}

/** Versions count changes that people make. One above this is none, and a copy that shows it is no policy. */
export const LARGEST_VERSION = 1_000_000_000;

/** Why nobody may answer so, or undefined. Trusts no type: an Update may come from any client. */
export function findNonsenseInAnswer(answer: ForeignCopyAnswer): string | undefined {
  const { keep, foreignVersion, reason } = answer;
  const nonsense = findNonsenseInBy(answer);
  if (nonsense !== undefined) return nonsense;
  if (keep !== 'workflow' && keep !== 'copy') return "what is kept is the 'workflow' or the 'copy'";
  if (!Number.isSafeInteger(foreignVersion)) return `${String(foreignVersion)} is not a version: they count from 1`;
  return reason.trim() === '' ? 'this needs a reason' : undefined;
}

/** The policy to go on with. Its version lies above both, as consumers hold when they are shown a lower one than before. */
export function settleForeignCopy(policy: Policy, copy: ForeignCopy, answer: ForeignCopyAnswer, at: string): Policy {
  const { actor, reason, keep } = answer;
  const kept = keep === 'copy' ? copy : policy;
  return { ...kept, version: copy.version + 1, updatedAt: at, actor: actor.trim(), reason: reason.trim() };
}

/** The names of what differs between two policies, for people. */
export function differencesOf(one: Policy, other: Policy): readonly string[] {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]) as Set<keyof Policy>;
  return [...names].filter((name) => JSON.stringify(one[name]) !== JSON.stringify(other[name])).sort();
}
