import { defineQuery, defineUpdate } from '@temporalio/workflow';
import type { Failover, Policy } from '../domain/policy.js';

/** Who changes the policy and why. `expectedVersion`: refuse if the policy is at another version. */
export interface Change {
  readonly actor: string;
  readonly reason: string;
  readonly expectedVersion?: number;
}

/** What each Update answers: the policy as it is once Redis holds it. */
export const setConsumptionUpdate = defineUpdate<Policy, [Change & { readonly consumption: 'on' | 'off' }]>(
  'setConsumption',
);
export const setPercentageUpdate = defineUpdate<Policy, [Change & { readonly hundredths: number }]>('setPercentage');
export const allowUpdate = defineUpdate<Policy, [Change & { readonly businessId: string }]>('allow');
export const disallowUpdate = defineUpdate<Policy, [Change & { readonly businessId: string }]>('disallow');
export const setFailoverUpdate = defineUpdate<Policy, [Change & { readonly failover: Failover }]>('setFailover');

export interface CutoverView {
  readonly policy: Policy;
  /** Earlier versions, the newest last; older ones are in the audit stream. */
  readonly history: readonly Policy[];
}

export const cutoverQuery = defineQuery<CutoverView>('policy');
