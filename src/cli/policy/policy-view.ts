import { type Policy, percentageOf } from '../../domain/policy.js';
import type { MigrationStart } from '../../domain/start.js';

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

/** Whitelisted IDs that are listed for people; `--json` has them all. */
const LISTED = 10;

export function describePolicy(view: PolicyView): readonly string[] {
  const { version, consumption, percentage, allow, failover, start, updatedAt, actor, reason } = view;
  const rest = allow.length > LISTED ? ` and ${allow.length - LISTED} more` : '';
  const off = consumption === 'off' ? '   (kafka owns everything; percentage and whitelist have no effect)' : '';
  return [
    `version      ${version}, by ${actor} on ${updatedAt}${reason === '' ? '' : `: ${reason}`}`,
    `consumption  ${consumption}${off}`,
    `percentage   ${percentage} %`,
    `whitelist    ${allow.length === 0 ? 'empty' : allow.slice(0, LISTED).join(', ') + rest}`,
    `failover     ${failover}`,
    ...(start === undefined ? [] : [`start        ${start.at}: kafka owns what was published before`]),
  ];
}
