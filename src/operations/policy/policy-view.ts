import { type Policy, percentageOf } from '../../domain/policy/policy.js';
import type { MigrationStart } from '../../domain/policy/start.js';

/** A policy as `policy show --json` promises it. */
export interface PolicyView {
  readonly version: number;
  readonly consumption: Policy['consumption'];
  /** As a person writes it: 12.5 is 12.5 %. */
  readonly percentage: number;
  readonly allow: readonly string[];
  readonly failover: Policy['failover'];
  /** Only where it has been set. */
  readonly start?: MigrationStart;
  readonly updatedAt: string;
  readonly actor: string;
  readonly reason: string;
}

export function viewPolicy(policy: Policy): PolicyView {
  const { version, consumption, hundredths, allow, failover, start, updatedAt, actor, reason } = policy;
  const percentage = percentageOf(hundredths);
  const stamp = { updatedAt, actor, reason };
  return { version, consumption, percentage, allow, failover, ...(start !== undefined && { start }), ...stamp };
}
