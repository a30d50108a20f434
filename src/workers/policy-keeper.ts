import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, QueryNotRegisteredError, QueryRejectedError, WorkflowClient } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { toError } from '../domain/errors.js';
import type { Log } from '../domain/log.js';
import type { Policy } from '../domain/policy.js';
import type { PolicyStore } from '../ledger/policy-store.js';
import type { cutover } from '../workflows/cutover.js';
import { cutoverQuery, republishSignal } from '../workflows/cutover-contract.js';
import { cutoverStartOptions } from '../workflows/cutover-start.js';
import { CUTOVER_WORKFLOW, cutoverWorkflowId } from '../workflows/names.js';

export interface PolicyKeeperOptions {
  readonly migration: string;
  readonly client: Client;
  readonly policyStore: Pick<PolicyStore, 'read' | 'publish'>;
  readonly log: Log;
  /** From the end of one look to the next, in ms. Default 3000. */
  readonly everyMs?: number;
  /** How long one look may take, in ms. Default 5000. */
  readonly patienceMs?: number;
  /** Passes the time between two looks. Rejects when the signal is aborted. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>;
}

export interface PolicyKeeper {
  /** Ends after the look that is under way, which is cut short. */
  stop(): Promise<void>;
}

/**
 * Keeps the copy of the policy in Redis the same as the cutover workflow's, and that workflow in being. Every worker
 * process has one, so that a copy that was lost is back within seconds. A look that fails is logged, and followed by the
 * next.
 */
export function startPolicyKeeper(options: PolicyKeeperOptions): PolicyKeeper {
  const { client, log, everyMs = 3_000, patienceMs = 5_000 } = options;
  const { pause = (ms, signal) => sleep(ms, undefined, { signal }) } = options;
  const stopped = new AbortController();

  async function keep(): Promise<void> {
    let failing = false;
    while (!stopped.signal.aborted) {
      try {
        await client.withAbortSignal(stopped.signal, () =>
          client.withDeadline(Date.now() + patienceMs, () => lookAfterPolicy(options)),
        );
        if (failing) log.info({}, 'the policy is looked after again');
        failing = false;
      } catch (error) {
        if (stopped.signal.aborted) return;
        // Said once: it may last for as long as Temporal or Redis is away, and intake holds and says so too.
        if (!failing) log.warn({ error: toError(error).message }, 'the policy could not be looked after');
        failing = true;
      }
      await pause(everyMs, stopped.signal).catch(ignoreStop);
    }
  }

  function ignoreStop(error: unknown): void {
    if (!stopped.signal.aborted) throw error;
  }

  const kept = keep();
  return {
    async stop() {
      stopped.abort();
      await kept;
    },
  };
}

/** One look: makes the workflow if there is none, and the copy if it is missing, unreadable, older or another. */
export async function lookAfterPolicy(options: PolicyKeeperOptions): Promise<void> {
  const { migration, client, policyStore, log } = options;
  const policy = await readOpenWorkflow(client, migration);
  if (policy === 'not-yet') return;
  if (policy === 'no-workflow') {
    // It publishes its policy itself, once it has looked at what Redis holds.
    await client.workflow.start<typeof cutover>(CUTOVER_WORKFLOW, cutoverStartOptions(migration));
    log.info({ workflowId: cutoverWorkflowId(migration) }, 'made the cutover workflow, as there was none');
    return;
  }
  const reading = await policyStore.read();
  if (reading.known && reading.policy.version > policy.version) {
    // Either a change is just being made, or the workflow was reset: it finds out which, and goes on from the copy.
    await client.workflow.getHandle<typeof cutover>(cutoverWorkflowId(migration)).signal(republishSignal);
    return;
  }
  if (reading.known && reading.policy.version === policy.version) return;
  const { verdict } = await policyStore.publish(policy);
  if (verdict === 'published') {
    const found = reading.known ? `version ${reading.policy.version}` : reading.reason;
    log.warn({ version: policy.version, found }, 'published the policy anew, as the copy in Redis was not the same');
  }
}

/** The policy of the open workflow. `not-yet`: it is just about to compare itself with the copy, as this would. */
async function readOpenWorkflow(client: Client, migration: string): Promise<Policy | 'no-workflow' | 'not-yet'> {
  // A workflow that was ended still answers queries, for as long as Temporal keeps it.
  const openOnly = new WorkflowClient({
    ...client.workflow.options,
    connection: client.connection,
    queryRejectCondition: 'NOT_OPEN',
  });
  try {
    const { policy } = await openOnly.getHandle<typeof cutover>(cutoverWorkflowId(migration)).query(cutoverQuery);
    return policy;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError || error instanceof QueryRejectedError) return 'no-workflow';
    if (error instanceof QueryNotRegisteredError) return 'not-yet';
    throw error;
  }
}
