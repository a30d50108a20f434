import type { Client } from '@temporalio/client';
import type { UpdateDefinition } from '@temporalio/common';
import type { changePolicy } from '../cli/change-policy.js';
import { HandoverError } from '../domain/errors.js';
import type { Policy } from '../domain/policy.js';
import { type Change, policyAt } from '../domain/policy-change.js';
import type { PolicyStore } from '../ledger/policy-store.js';
import type { cutover } from '../workflows/cutover.js';
import { cutoverQuery, setConsumptionUpdate, setPercentageUpdate } from '../workflows/cutover-contract.js';
import { cutoverWorkflowId } from '../workflows/names.js';
import type { PhasePolicy } from './shares.js';

/** Each takes some seconds. */
const ATTEMPTS = 4;

const BY = { actor: 'handover demo', reason: 'the demo' } as const;

export interface PolicyPhasesOptions {
  readonly client: Client;
  readonly policyStore: Pick<PolicyStore, 'read'>;
  readonly migration: string;
  /** What the command `policy` does. */
  readonly changePolicy: typeof changePolicy;
}

/** Leads the policy through the percentages of a run, by the cutover workflow's Updates. */
export class PolicyPhases {
  readonly #options: PolicyPhasesOptions;
  readonly #phases: PhasePolicy[] = [];

  constructor(options: PolicyPhasesOptions) {
    this.#options = options;
  }

  /** The phases begun so far. */
  get begun(): readonly PhasePolicy[] {
    return this.#phases;
  }

  /**
   * Begins a phase: resolves once Redis holds its policy, with the switch on.
   * @throws HandoverError as the command `policy` does
   */
  async begin(percentage: number): Promise<Policy> {
    if (this.#phases.length === 0) await this.#change(setConsumptionUpdate, { ...BY, consumption: 'on' });
    const policy = await this.#change(setPercentageUpdate, { ...BY, hundredths: percentage * 100 });
    this.#phases.push({ percentage, version: policy.version });
    return policy;
  }

  /**
   * A machine under load may take longer over a change than a person would wait. It may then have been made all the same,
   * and is answered as it is when it is asked for again.
   */
  async #change<A extends Change>(update: UpdateDefinition<Policy, [A]>, args: A): Promise<Policy> {
    const { changePolicy, ...parts } = this.#options;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return (await changePolicy({ ...parts, update, args })).policy;
      } catch (error) {
        if (attempt === ATTEMPTS || !(error instanceof HandoverError) || error.code !== 'no-worker') throw error;
      }
    }
  }

  /** The policy at each version that the cutover workflow remembers, somebody else's changes included. */
  async history(): Promise<(version: number) => Policy | undefined> {
    const { client, migration } = this.#options;
    const handle = client.workflow.getHandle<typeof cutover>(cutoverWorkflowId(migration));
    const { policy, history } = await handle.query(cutoverQuery);
    return (version) => policyAt(policy, history, version);
  }
}
