import { isSide, type Side } from '../side.js';
import type { MigrationStart } from './start.js';

/** What decides the owner of a message at its first sight. */
export interface Policy {
  /** Counts from 1; each change adds 1. */
  readonly version: number;
  readonly consumption: 'on' | 'off';
  /** The cutover percentage in hundredths of a percent, 0..10000: as a fraction, 0.29 x 100 would not be 29. */
  readonly hundredths: number;
  /** The whitelist: business IDs that `rocketmq` owns whatever the percentage. */
  readonly allow: readonly string[];
  /** The side that adopts what the other one has not claimed yet, at its first look. */
  readonly failover: Failover;
  /** What was published before it is owned by `kafka`. Not there: nothing was. */
  readonly start?: MigrationStart | undefined;
  /** When this version was made, as an ISO 8601 instant. */
  readonly updatedAt: string;
  readonly actor: string;
  readonly reason: string;
}

export type Failover = 'none' | Side;

export function isFailover(value: unknown): value is Failover {
  return value === 'none' || isSide(value);
}

/** The policy that a migration starts with: the old side owns everything. */
export function initialPolicy(updatedAt: string): Policy {
  return {
    version: 1,
    consumption: 'off',
    hundredths: 0,
    allow: [],
    failover: 'none',
    updatedAt,
    actor: 'handover',
    reason: 'created on first need',
  };
}

/** What the policy looks at in a message. `bucket` is the one of its cutover key. */
export interface DecisionInput {
  readonly businessId?: string | undefined;
  readonly bucket: number;
}

/** Who owns a message, why, and by which version of the policy. */
export interface Decision {
  readonly owner: Side;
  readonly reason: string;
  readonly policyVersion: number;
}

/** Decides the owner of a message that nobody has decided yet. */
export function decide(policy: Policy, input: DecisionInput): Decision {
  return decider(policy)(input);
}

/** {@link decide} for many messages under one policy: a look-up in a long whitelist then costs no search. */
export function decider(policy: Policy): (input: DecisionInput) => Decision {
  const { version: policyVersion, consumption, hundredths } = policy;
  if (consumption === 'off') return () => ({ owner: 'kafka', reason: 'switch off', policyVersion });
  const allow = new Set(policy.allow);
  return ({ businessId, bucket }) => {
    if (businessId !== undefined && allow.has(businessId)) {
      return { owner: 'rocketmq', reason: 'whitelisted', policyVersion };
    }
    return bucket <= hundredths
      ? { owner: 'rocketmq', reason: `bucket ${bucket} <= ${hundredths}`, policyVersion }
      : { owner: 'kafka', reason: `bucket ${bucket} > ${hundredths}`, policyVersion };
  };
}

/**
 * Reads a percentage as a person writes it (`10`, `0.29`, `12.5`, an optional `%`) into hundredths of a percent, exactly.
 * Answers undefined for anything that is not 0..100 with at most two decimals.
 */
export function parsePercentage(text: string): number | undefined {
  const match = /^(\d{1,3})(?:\.(\d{1,2}))?\s*%?$/.exec(text.trim());
  if (match === null) return undefined;
  const hundredths = Number(match[1]) * 100 + Number((match[2] ?? '').padEnd(2, '0'));
  return hundredths <= 10_000 ? hundredths : undefined;
}

/** Hundredths of a percent as the percentage that a person reads: 29 is 0.29, 1250 is 12.5. */
export function percentageOf(hundredths: number): number {
  return Number((hundredths / 100).toFixed(2));
}
