import type { Client } from '@temporalio/client';
import type { UpdateDefinition } from '@temporalio/common';
import { HandoverError } from '../../domain/errors.js';
import type { Policy } from '../../domain/policy/policy.js';
import { type Change, policyAt } from '../../domain/policy/policy-change.js';
import type { PolicyStore } from '../../ledger/redis/stores/policy-store.js';
import type { sendPolicyChange } from '../../operations/policy/send-policy-change.js';
import { cutoverQuery, setConsumptionUpdate, setPercentageUpdate } from '../../workflows/cutover/contract.js';
import type { cutover } from '../../workflows/cutover/cutover.js';
import { cutoverWorkflowId } from '../../workflows/names.js';
import type { PhasePolicy } from './verdict/shares.js';

const PATIENCE_MS = 60_000;

const BY = { actor: 'handover demo', reason: 'the demo' } as const;

export interface PolicyPhasesOptions {
  readonly client: Client;
  readonly policyStore: Pick<PolicyStore, 'read'>;
  readonly migration: string;
  /** What the command `policy` does. */
  readonly sendPolicyChange: typeof sendPolicyChange;
  readonly signal: AbortSignal;
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
   * A machine under load may take longer over a change than a person would wait. It is then asked for again: it may have
   * been made all the same, and is answered as it is, or have been refused as too late.
   */
  async #change<A extends Change>(update: UpdateDefinition<Policy, [A]>, args: A): Promise<Policy> {
    const { sendPolicyChange, signal, ...parts } = this.#options;
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      signal.throwIfAborted();
      try {
        return (await sendPolicyChange({ ...parts, update, args })).policy;
      } catch (error) {
        if (performance.now() > deadline || !isOfSlowness(error)) throw error;
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

function isOfSlowness(error: unknown): boolean {
  return error instanceof HandoverError && (error.code === 'no-worker' || error.code === 'policy-refused');
}
