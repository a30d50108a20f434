import { isBusinessId } from '../message/message.js';
import { type Failover, isFailover, type Policy } from './policy.js';
import { findNonsenseInStart, isSameStart, type MigrationStart } from './start.js';

/** One thing about the policy that a person wants otherwise. */
export type PolicyChange =
  | { readonly kind: 'consumption'; readonly consumption: 'on' | 'off' }
  | { readonly kind: 'percentage'; readonly hundredths: number }
  | { readonly kind: 'allow'; readonly businessId: string }
  | { readonly kind: 'disallow'; readonly businessId: string }
  | { readonly kind: 'failover'; readonly failover: Failover }
  /** Made once: what either side did by one start could not be put right by another. */
  | { readonly kind: 'start'; readonly start: MigrationStart };

/** Who changes the policy and why. `expectedVersion`: refuse if the policy is at another version. */
export interface Change {
  readonly actor: string;
  /** May be empty, but for a failover and the start. */
  readonly reason: string;
  readonly expectedVersion?: number;
  /**
   * Redis time (ms since the epoch) after which the change is not to be made any more. Temporal keeps an Update that no
   * worker has taken, so without it a change that was reported as failed could be made an hour later. Default: no end.
   */
  readonly notAfter?: number;
}

/** One version of the policy without what may be long, of which it tells only what this version did to it. */
export interface PolicyVersion extends Omit<Policy, 'allow' | 'start'> {
  readonly whitelist?: { readonly added: string } | { readonly removed: string; readonly index: number };
  /** Where this version has set it. */
  readonly start?: MigrationStart;
}

/** Why a change was not made: `policy-stale` if only the expected version was wrong. */
export interface Refusal {
  readonly code: 'policy-refused' | 'policy-stale';
  readonly reason: string;
}

export type Changed =
  | { readonly result: 'changed'; readonly policy: Policy; readonly version: PolicyVersion }
  /** The policy says so already: no new version. */
  | { readonly result: 'unchanged' }
  | ({ readonly result: 'refused' } & Refusal);

/** Longest actor and reason, in characters. */
const ACTOR_MAX_LENGTH = 200;
const REASON_MAX_LENGTH = 1_000;

/**
 * All business IDs of the whitelist together, in characters. The policy travels whole with every change, and every
 * consumer reads it twice a second; Temporal refuses payloads above 2 MiB.
 */
const WHITELIST_MAX_LENGTH = 100_000;

/** How far in the future a start may lie, in ms: as far as two clocks differ. */
const START_AHEAD_MS = 60_000;

/** Why nobody may make any change so, or undefined. Trusts no type: an Update may come from any client. */
export function findNonsenseInBy({ actor, reason, expectedVersion, notAfter }: Change): string | undefined {
  if (!isText(actor, ACTOR_MAX_LENGTH) || actor.trim() === '') {
    return `an actor is needed: 1 to ${ACTOR_MAX_LENGTH} characters, none of them a control character`;
  }
  if (!isText(reason, REASON_MAX_LENGTH)) {
    return `a reason is a text of at most ${REASON_MAX_LENGTH} characters, none of them a control character`;
  }
  if (expectedVersion !== undefined && !isWithin(expectedVersion, 1, Number.MAX_SAFE_INTEGER)) {
    return `${String(expectedVersion)} is not a version: they count from 1`;
  }
  if (notAfter !== undefined && !isWithin(notAfter, 1, Number.MAX_SAFE_INTEGER)) {
    return `${String(notAfter)} is not a time in milliseconds since the epoch`;
  }
  return undefined;
}

/** Why nobody may make this change at any version, or undefined. Trusts no type: an Update may come from any client. */
export function findNonsense(change: PolicyChange, by: Change): string | undefined {
  const nonsense = findNonsenseInBy(by);
  if (nonsense !== undefined) return nonsense;
  const { reason } = by;
  switch (change.kind) {
    case 'consumption':
      return ['on', 'off'].includes(change.consumption) ? undefined : 'consumption is on or off';
    case 'percentage':
      return isWithin(change.hundredths, 0, 10_000)
        ? undefined
        : 'a percentage is 0 to 100 in steps of 0.01, given as a whole number of hundredths, 0 to 10000';
    case 'allow':
    case 'disallow':
      return typeof change.businessId === 'string' && isBusinessId(change.businessId)
        ? undefined
        : 'a business ID is 1 to 200 characters, none of them a control character';
    case 'failover':
      if (!isFailover(change.failover)) return 'failover is none, kafka or rocketmq';
      return reason.trim() === '' ? 'a failover needs a reason' : undefined;
    case 'start':
      return findNonsenseInStart(change.start) ?? (reason.trim() === '' ? 'a start needs a reason' : undefined);
  }
}

/** The policy's next version by `change` at the instant `at` (ISO 8601), or why there is none. */
export function applyPolicyChange(policy: Policy, change: PolicyChange, by: Change, at: string): Changed {
  const nonsense = findNonsense(change, by);
  if (nonsense !== undefined) return { result: 'refused', code: 'policy-refused', reason: nonsense };
  const stale = findStaleness(policy, by);
  if (stale !== undefined) return { result: 'refused', code: 'policy-stale', reason: stale };
  const obstacle = change.kind === 'start' ? findObstacle(policy, change.start, at) : undefined;
  if (obstacle !== undefined) return { result: 'refused', code: 'policy-refused', reason: obstacle };
  const changed = applyTo(policy, change);
  if (changed === undefined) return { result: 'unchanged' };
  if (change.kind === 'allow' && changed.policy.allow.join('').length > WHITELIST_MAX_LENGTH) {
    const reason = `the whitelist is full: its business IDs may have ${WHITELIST_MAX_LENGTH} characters in all`;
    return { result: 'refused', code: 'policy-refused', reason };
  }
  const stamp = { version: policy.version + 1, updatedAt: at, actor: by.actor.trim(), reason: by.reason.trim() };
  const next: Policy = { ...changed.policy, ...stamp };
  return { result: 'changed', policy: next, version: versionOf(next, changed.did) };
}

/** Why a change made for the expected version may not be made now, or undefined. */
export function findStaleness(policy: Policy, { expectedVersion }: Change): string | undefined {
  if (expectedVersion === undefined || expectedVersion === policy.version) return undefined;
  return `the policy is at version ${policy.version}, not ${expectedVersion}; ${policy.actor} made that on ${policy.updatedAt}`;
}

/** A policy as an entry of its history. */
export function versionOf(policy: Policy, did: Deed = {}): PolicyVersion {
  const { allow: _, start: __, ...rest } = policy;
  return { ...rest, ...did };
}

/** Why the start cannot be set now, or undefined. */
function findObstacle({ start, consumption }: Policy, wanted: MigrationStart, at: string): string | undefined {
  if (start !== undefined) {
    return isSameStart(start, wanted)
      ? undefined
      : `the start is ${start.at} already, and it is set once: messages have been decided by it`;
  }
  // rocketmq may have given rewards already for what would be said to be none of its business.
  if (consumption === 'on') return 'the start is set before the new side is opened: switch consumption off first';
  if (Date.parse(wanted.at) > Date.parse(at) + START_AHEAD_MS) return `${wanted.at} is in the future`;
  return undefined;
}

/**
 * The policy as it was at `version`: the present one with what came later undone. Undefined where the history (newest
 * last, without gaps, up to the present) does not reach back so far.
 */
export function policyAt(present: Policy, history: readonly PolicyVersion[], version: number): Policy | undefined {
  let { allow, start } = present;
  for (const entry of [...history].reverse()) {
    if (entry.version === version) {
      const { whitelist: _, start: __, ...rest } = entry;
      return { ...rest, allow, ...(start !== undefined && { start }) };
    }
    allow = undo(allow, entry.whitelist);
    if (entry.start !== undefined) start = undefined;
  }
  return undefined;
}

type Deed = Pick<PolicyVersion, 'whitelist' | 'start'>;

interface Applied {
  readonly policy: Policy;
  readonly did?: Deed;
}

function applyTo(policy: Policy, change: PolicyChange): Applied | undefined {
  switch (change.kind) {
    case 'consumption':
      if (policy.consumption === change.consumption) return undefined;
      return { policy: { ...policy, consumption: change.consumption } };
    case 'percentage':
      if (policy.hundredths === change.hundredths) return undefined;
      return { policy: { ...policy, hundredths: change.hundredths } };
    case 'allow':
      if (policy.allow.includes(change.businessId)) return undefined;
      return {
        policy: { ...policy, allow: [...policy.allow, change.businessId] },
        did: { whitelist: { added: change.businessId } },
      };
    case 'disallow': {
      const index = policy.allow.indexOf(change.businessId);
      if (index === -1) return undefined;
      return {
        policy: { ...policy, allow: policy.allow.toSpliced(index, 1) },
        did: { whitelist: { removed: change.businessId, index } },
      };
    }
    case 'failover':
      if (policy.failover === change.failover) return undefined;
      return { policy: { ...policy, failover: change.failover } };
    case 'start':
      if (policy.start !== undefined) return undefined;
      return { policy: { ...policy, start: change.start }, did: { start: change.start } };
  }
}

function undo(allow: readonly string[], whitelist: PolicyVersion['whitelist']): readonly string[] {
  if (whitelist === undefined) return allow;
  if ('added' in whitelist) return allow.filter((id) => id !== whitelist.added);
  return allow.toSpliced(whitelist.index, 0, whitelist.removed);
}

function isText(value: unknown, longest: number): value is string {
  return typeof value === 'string' && value.length <= longest && !/\p{Cc}/u.test(value);
}

function isWithin(value: unknown, least: number, most: number): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most;
}
