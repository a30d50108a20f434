import { type Client, QueryNotRegisteredError } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { HandoverError } from '../../domain/errors.js';
import type { Policy } from '../../domain/policy.js';
import type { cutover } from '../../workflows/cutover.js';
import { cutoverQuery } from '../../workflows/cutover-contract.js';
import { cutoverWorkflowId } from '../../workflows/names.js';
import type { Session } from '../connections.js';
import { OutOfTime, within } from '../within.js';

/** How long the workflow may take to answer, in ms. */
const PATIENCE_MS = 5_000;

/**
 * The policy that consumers go by: the copy in Redis; where there is none, the cutover workflow's own.
 * @throws HandoverError `policy-unknown` where nobody knows one yet
 */
export async function readPolicy(session: Pick<Session, 'redis' | 'temporal' | 'migration'>): Promise<Policy> {
  const { policyStore } = await session.redis();
  const reading = await policyStore.read();
  if (reading.known) return reading.policy;
  return askWorkflow(await session.temporal(), session.migration.name, reading.reason);
}

async function askWorkflow(client: Client, migration: string, copy: 'missing' | 'unreadable'): Promise<Policy> {
  const handle = client.workflow.getHandle<typeof cutover>(cutoverWorkflowId(migration));
  try {
    const { policy } = await within(client, PATIENCE_MS, () => handle.query(cutoverQuery));
    return policy;
  } catch (cause) {
    if (cause instanceof WorkflowNotFoundError) {
      const message = `Migration '${migration}' has no policy yet: it is made by the first worker that runs, or by the first change.`;
      throw new HandoverError('policy-unknown', message, { cause, hint: 'Start one: handover worker --side kafka.' });
    }
    if (cause instanceof QueryNotRegisteredError || cause instanceof OutOfTime) {
      const message = `The policy of migration '${migration}' is ${copy} in Redis, and no worker answers for the workflow.`;
      throw new HandoverError('policy-unknown', message, { cause, hint: 'Start one: handover worker --side kafka.' });
    }
    throw cause;
  }
}
