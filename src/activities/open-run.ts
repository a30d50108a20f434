import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import type { Holder } from '../ledger/ledger.js';

/** Answers whether Temporal shows `run` (a first execution run ID) to be the open run of this message now. */
export type IsOpenRun = (messageId: string, run: string) => Promise<boolean>;

/** @throws what the client throws when Temporal cannot be asked: no answer is no proof. */
export function askTemporalWhetherOpen(client: Client): IsOpenRun {
  return async (messageId, run) => {
    try {
      const { status, raw } = await client.workflow.getHandle(messageId).describe();
      return status.name === 'RUNNING' && raw.workflowExecutionInfo?.firstRunId === run;
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return false;
      throw error;
    }
  };
}

interface Verdict {
  readonly verdict: string;
}

/** What a ledger step and its proof came to: `closed` means that this run has no say in the message any more. */
export type Proved<V extends Verdict> = Exclude<V, { verdict: 'lost' }> | { readonly verdict: 'closed' };

/**
 * Takes a ledger step for a workflow run. Where the ledger has lost the record, or shows an older one, the step is taken
 * again as a restoration, but only once Temporal has shown this run to be the open one: an execution that outlived its
 * workflow must not bring a record back.
 */
export async function takeStep<H extends Holder, V extends Verdict>(
  step: (request: H) => Promise<V>,
  request: H,
  isOpenRun: IsOpenRun,
  restorable: readonly V['verdict'][] = ['lost'],
): Promise<Proved<V>> {
  const verdict = await step(request);
  if (!restorable.includes(verdict.verdict)) return verdict as Proved<V>;
  if (!(await isOpenRun(request.messageId, request.run))) return { verdict: 'closed' };
  return (await step({ ...request, restore: true })) as Proved<V>;
}
