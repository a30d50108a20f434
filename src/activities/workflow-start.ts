import type { Client } from '@temporalio/client';
import { arrayFromPayloads, defaultPayloadConverter } from '@temporalio/common';
import { HandoverError } from '../domain/errors.js';
import type { MessageInput } from '../workflows/message-contract.js';

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
export async function readStart(client: Client, messageId: string, runId: string): Promise<Started> {
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
