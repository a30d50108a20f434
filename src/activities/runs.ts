import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { arrayFromPayloads, defaultPayloadConverter, WorkflowNotFoundError } from '@temporalio/common';
import { HandoverError } from '../domain/errors.js';
import type { MessageInput } from '../domain/run.js';
import type { Holder } from '../ledger/ledger.js';

/** Answers whether Temporal shows `run`, by which the ledger knows a run, to be the open run of this message now. */
export type IsOpenRun = (messageId: string, run: string) => Promise<boolean>;

/** Answers by which ID the ledger knows the run that Temporal has described. */
export type ReadRun = (
  described: Pick<WorkflowExecutionDescription, 'workflowId' | 'runId' | 'raw'>,
) => Promise<string>;

/**
 * That is the first run of the chain, so that continue-as-new changes nothing. But Temporal also gives a run that a reset
 * has made the first run of the one before, and to the ledger it is another one: the first event tells them apart.
 */
export function readRunIn(client: Client): ReadRun {
  return async ({ workflowId, runId, raw }) => {
    const firstRunId = raw.workflowExecutionInfo?.firstRunId || runId;
    if (firstRunId === runId) return runId;
    const { input, writtenFor } = await readRunInput(client, workflowId, runId);
    return writtenFor === runId ? (input.run ?? firstRunId) : runId;
  };
}

/** @throws what the client throws when Temporal cannot be asked: no answer is no proof. */
export function askTemporalWhetherOpen(client: Client): IsOpenRun {
  const readRun = readRunIn(client);
  return async (messageId, run) => {
    try {
      const description = await client.workflow.getHandle(messageId).describe();
      return description.status.name === 'RUNNING' && (await readRun(description)) === run;
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

/** The first event of a run of a message workflow. */
export interface Started {
  readonly input: MessageInput;
  /** The run that the event was written for: another one than the run whose history it is read from, if a reset made that. */
  readonly writtenFor: string;
}

/**
 * What a run of a message workflow was started with, read from the first event of its history.
 * @throws HandoverError `message-invalid` where that cannot be read
 */
export async function readRunInput(client: Client, messageId: string, runId: string): Promise<Started> {
  const { history } = await client.workflowService.getWorkflowExecutionHistory({
    namespace: client.options.namespace,
    execution: { workflowId: messageId, runId },
    maximumPageSize: 1,
  });
  const started = history?.events?.[0]?.workflowExecutionStartedEventAttributes;
  const [input] = arrayFromPayloads(defaultPayloadConverter, started?.input?.payloads);
  if (typeof input === 'object' && input !== null && 'decision' in input) {
    return { input: input as MessageInput, writtenFor: started?.originalExecutionRunId || runId };
  }
  throw new HandoverError('message-invalid', `what the workflow of ${messageId} was started with cannot be read`, {
    messageId,
    hint: 'Its history was written by something else than handover: look at it in Temporal Web UI.',
  });
}
