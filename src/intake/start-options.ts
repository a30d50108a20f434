import type { WorkflowStartOptions } from '@temporalio/client';
import type { MessageInput } from '../domain/run.js';
import type { Side } from '../domain/side.js';
import { type MessageState, SEARCH_ATTRIBUTES, sideTaskQueue } from '../workflows/names.js';

/** Memo key that tells the migration of a message workflow, as one namespace may come to serve several. */
export const MIGRATION_MEMO = 'handoverMigration';

export interface StartRequest {
  readonly input: MessageInput;
  readonly body: Uint8Array;
  /** The side on whose task queue the workflow begins. */
  readonly side: Side;
  readonly state: Extract<MessageState, 'processing' | 'waiting' | 'parked'>;
}

/**
 * How a message workflow is started: its ID is the message ID and a closed ID never starts again. Shared with `resume`,
 * the one start that overrides the reuse policy.
 */
export function messageStartOptions(request: StartRequest): WorkflowStartOptions {
  const { input, body, side, state } = request;
  const { decision } = input;
  return {
    workflowId: input.messageId,
    taskQueue: sideTaskQueue(input.migration, side),
    args: [input, body],
    workflowIdReusePolicy: 'REJECT_DUPLICATE',
    memo: { [MIGRATION_MEMO]: input.migration },
    typedSearchAttributes: [
      { key: SEARCH_ATTRIBUTES.owner, value: decision.owner },
      { key: SEARCH_ATTRIBUTES.state, value: state },
      { key: SEARCH_ATTRIBUTES.migration, value: input.migration },
    ],
    staticSummary: `${decision.owner}: ${decision.reason}`,
    staticDetails: [
      `- owner at first sight: \`${decision.owner}\`, as ${decision.reason} (policy version ${decision.policyVersion})`,
      `- delivered by ${input.delivered.map((delivery) => `\`${delivery.side}\``).join(', ')}`,
      `- body: ${body.byteLength} bytes, fingerprint \`${input.fingerprint}\``,
    ].join('\n'),
  };
}
