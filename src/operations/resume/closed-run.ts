import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { findAttemptsIn, startOf } from '../../activities/earlier-attempts.js';
import { readRunIn } from '../../activities/runs.js';
import { HandoverError } from '../../domain/errors.js';
import type { MessageInput } from '../../domain/run.js';
import type { Side } from '../../domain/side.js';
import { MIGRATION_MEMO } from '../../intake/start-options.js';
import { MESSAGE_WORKFLOW } from '../../workflows/names.js';

/** A run of a message that was closed before it settled. */
export interface ClosedRun {
  /** By which the ledger knows it. */
  readonly run: string;
  readonly input: MessageInput;
  readonly body: Uint8Array;
  /** Whether any run of this message ever scheduled an attempt at the reward. */
  readonly attempted: boolean;
  /** The side for which one was. */
  readonly owner?: Side;
}

/**
 * Reads what is needed to take a message over from a run that was terminated, cancelled, timed out or failed.
 * @throws HandoverError `message-unknown` if Temporal has no such workflow, `not-stranded` if there is nothing to resume
 */
export async function readClosedRun(client: Client, migration: string, messageId: string): Promise<ClosedRun> {
  const latest = await describe(client, messageId);
  const { type, memo, status, runId } = latest;
  if (type !== MESSAGE_WORKFLOW || memo?.[MIGRATION_MEMO] !== migration) {
    throw notStranded(messageId, `the workflow of that ID is not a message of migration '${migration}'`);
  }
  if (status.name === 'RUNNING') throw notStranded(messageId, 'its workflow is open and goes on by itself');
  if (status.name === 'COMPLETED') throw notStranded(messageId, 'its workflow has completed');
  const { input, body } = startOf(await client.workflow.getHandle(messageId, runId).fetchHistory());
  if (input === undefined || body === undefined) {
    throw notStranded(messageId, 'what its workflow was started with cannot be read');
  }
  const run = await readRunIn(client)(latest);
  return { run, input, body, ...(await findAttemptsIn(client)(messageId)) };
}

async function describe(client: Client, messageId: string): Promise<WorkflowExecutionDescription> {
  try {
    return await client.workflow.getHandle(messageId).describe();
  } catch (cause) {
    if (!(cause instanceof WorkflowNotFoundError)) throw cause;
    throw new HandoverError('message-unknown', `Temporal has no workflow of message ${messageId}.`, {
      cause,
      messageId,
      hint: 'Without it there is no body to start anew from. Find out at the provider whether the reward was given.',
    });
  }
}

export function notStranded(messageId: string, why: string): HandoverError {
  return new HandoverError('not-stranded', `Message ${messageId} was not resumed: ${why}.`, { messageId });
}
