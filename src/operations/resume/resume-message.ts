import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { messageStartOptions } from '../../intake/start-options.js';
import type { Ledger } from '../../ledger/ledger.js';
import type { Audit } from '../../ledger/redis/stores/audit.js';
import { MESSAGE_WORKFLOW } from '../../workflows/names.js';
import type { Operator } from '../session.js';
import { notStranded, readClosedRun } from './closed-run.js';

export interface ResumeParts {
  readonly client: Client;
  readonly ledger: Pick<Ledger, 'read'>;
  readonly audit: Pick<Audit, 'append'>;
  readonly migration: string;
}

/** What `resume --json` prints. */
export interface Resumed {
  readonly messageId: string;
  /** The new run, and the one that it takes over from. */
  readonly run: string;
  readonly fromRun: string;
  /** Whether something may have been sent: then the new run parks, or looks it up, before anything else. */
  readonly attempted: boolean;
}

/**
 * Starts a new run for a message whose run closed before it settled: the one start of a message ID that was started
 * before.
 * @throws HandoverError `message-unknown` or `not-stranded`
 */
export async function resumeMessage(parts: ResumeParts, messageId: string, person: Operator): Promise<Resumed> {
  const { client, ledger, audit, migration } = parts;
  const record = await ledger.read(messageId);
  if (record?.state === 'settled') throw notStranded(messageId, `it is settled: ${record.outcome}`);
  const closed = await readClosedRun(client, migration, messageId);
  const { run: fromRun, body } = closed;
  const { run: _formerly, witness: _ofThen, ...input } = closed.input;
  const attempted = closed.attempted || record?.state === 'sending' || record?.state === 'parked';
  const options = messageStartOptions({
    input: { ...input, resumes: { fromRun, attempted, ...(closed.owner !== undefined && { owner: closed.owner }) } },
    body,
    side: record?.owner ?? input.decision.owner,
    state: attempted ? 'parked' : 'processing',
  });
  await audit.append({ messageId, round: record?.round ?? 0, resolution: 'resume', ...person });
  try {
    const { firstExecutionRunId } = await client.workflow.start(MESSAGE_WORKFLOW, {
      ...options,
      // Not after one that has completed: two people may resume, and the run of the other one may be through by now.
      workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
    });
    return { messageId, run: firstExecutionRunId, fromRun, attempted };
  } catch (cause) {
    if (!(cause instanceof WorkflowExecutionAlreadyStartedError)) throw cause;
    throw notStranded(messageId, 'its workflow has been started anew by someone else');
  }
}
