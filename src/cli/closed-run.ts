import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { arrayFromPayloads, defaultPayloadConverter, WorkflowNotFoundError } from '@temporalio/common';
import type { temporal } from '@temporalio/proto';
import { HandoverError } from '../domain/errors.js';
import { MIGRATION_MEMO } from '../intake/start-options.js';
import type { MessageInput } from '../workflows/message-contract.js';
import { MESSAGE_WORKFLOW } from '../workflows/names.js';

/** A run of a message that was closed before it settled. */
export interface ClosedRun {
  /** The first run of its chain, by which the ledger knows it. */
  readonly run: string;
  readonly input: MessageInput;
  readonly body: Uint8Array;
  /** Whether any run of this message ever scheduled an attempt at the reward. */
  readonly attempted: boolean;
}

type History = temporal.api.history.v1.IHistory;

/** Type name of the activity that makes an attempt. */
const REWARD_ACTIVITY = 'reward';

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
  const history = await client.workflow.getHandle(messageId, runId).fetchHistory();
  const [input, body] = readStart(history, messageId);
  return {
    run: latest.raw.workflowExecutionInfo?.firstRunId || runId,
    input,
    body,
    attempted:
      input.resumes?.attempted === true || hasAttempt(history) || (await hasAttemptElsewhere(client, messageId, runId)),
  };
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

function readStart(history: History, messageId: string): [MessageInput, Uint8Array] {
  const started = history.events?.[0]?.workflowExecutionStartedEventAttributes;
  const [input, body] = arrayFromPayloads(defaultPayloadConverter, started?.input?.payloads);
  if (typeof input === 'object' && input !== null && body instanceof Uint8Array) return [input as MessageInput, body];
  throw notStranded(messageId, 'what its workflow was started with cannot be read');
}

/** A reset of a workflow leaves a run whose history has forgotten what came after the point of the reset. */
async function hasAttemptElsewhere(client: Client, messageId: string, latestRun: string): Promise<boolean> {
  for await (const { runId } of client.workflow.list({ query: `WorkflowId = '${messageId}'` })) {
    if (runId === latestRun) continue;
    if (hasAttempt(await client.workflow.getHandle(messageId, runId).fetchHistory())) return true;
  }
  return false;
}

function hasAttempt({ events }: History): boolean {
  return (events ?? []).some(
    (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === REWARD_ACTIVITY,
  );
}

export function notStranded(messageId: string, why: string): HandoverError {
  return new HandoverError('not-stranded', `Message ${messageId} was not resumed: ${why}.`, { messageId });
}
