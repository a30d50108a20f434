import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { LedgerHealth, LossReport } from '../../domain/ledger/ledger-health.js';
import type { ForeignCopy, ForeignCopyAnswer } from '../../domain/policy/foreign-copy.js';
import type { Failover, Policy } from '../../domain/policy/policy.js';
import type { Change, PolicyVersion } from '../../domain/policy/policy-change.js';
import type { MigrationStart } from '../../domain/policy/start.js';

export type { Change };

/**
 * What each Update answers: the policy as it is once Redis holds it. A change to what is so already answers the present
 * policy without a new version. An Update that is refused fails with an ApplicationFailure of type `policy-refused`
 * (nonsense) or `policy-stale` (another version than expected).
 */
export const setConsumptionUpdate = defineUpdate<Policy, [Change & { readonly consumption: 'on' | 'off' }]>(
  'setConsumption',
);
export const setPercentageUpdate = defineUpdate<Policy, [Change & { readonly hundredths: number }]>('setPercentage');
export const allowUpdate = defineUpdate<Policy, [Change & { readonly businessId: string }]>('allow');
export const disallowUpdate = defineUpdate<Policy, [Change & { readonly businessId: string }]>('disallow');
export const setFailoverUpdate = defineUpdate<Policy, [Change & { readonly failover: Failover }]>('setFailover');
export const setStartUpdate = defineUpdate<Policy, [Change & { readonly start: MigrationStart }]>('setStart');

/** A person's answer to a copy in Redis that the workflow never made; refused while there is none. */
export const settleForeignCopyUpdate = defineUpdate<Policy, [ForeignCopyAnswer]>('settleForeignCopy');

/** Asks for the copy in Redis to be compared with the workflow's policy, and put right. */
export const republishSignal = defineSignal('republish');

/** A worker process's word that the ledger has lost records. It is rebuilt once, however many say so. */
export const ledgerLostSignal = defineSignal<[LossReport]>('ledgerLost');

export interface CutoverView {
  readonly policy: Policy;
  /** The last versions up to the present one, the newest last; older ones are in the audit stream. */
  readonly history: readonly PolicyVersion[];
  /** The ledger's present epoch; not there until a worker process has asked for the first one. */
  readonly ledger?: LedgerHealth | undefined;
  /** Redis was found to hold a version that this workflow never made: consumers hold until a person has said which counts. */
  readonly foreignCopy?: ForeignCopy | undefined;
}

/** Fails until the workflow has compared itself with the copy in Redis for the first time. */
export const cutoverQuery = defineQuery<CutoverView>('policy');

/** What one run of the cutover workflow hands to the next. */
export interface CutoverState extends CutoverView {
  /** Updates that were answered lately, oldest first, with the version they answered. */
  readonly answered: readonly { readonly updateId: string; readonly version: number }[];
}

/** What the cutover workflow is started with. */
export interface CutoverInput {
  readonly migration: string;
  /** Changes and requests after which a run continues as new, if Temporal does not suggest it earlier. Default 500. */
  readonly turnsPerRun?: number;
  /** Set by continue-as-new only. */
  readonly carried?: CutoverState;
}
