import { type Client, QueryNotRegisteredError } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { HandoverError } from '../../domain/errors.js';
import type { ForeignCopy } from '../../domain/policy/foreign-copy.js';
import type { Policy } from '../../domain/policy/policy.js';
import { inOneLine } from '../../domain/text.js';
import { type CutoverView, cutoverQuery } from '../../workflows/cutover/contract.js';
import type { cutover } from '../../workflows/cutover/cutover.js';
import { cutoverWorkflowId } from '../../workflows/names.js';
import { OutOfTime, within } from '../answer-within.js';
import type { Session } from '../session.js';

/** How long the workflow may take to answer, in ms. */
const PATIENCE_MS = 5_000;

/** How long it may take to say whether there is a doubt, in ms: what Redis says is shown in any case. */
const DOUBT_PATIENCE_MS = 2_000;

export interface PolicyRead {
  readonly policy: Policy;
  /** Why consumers do not go by it, for people; undefined if they do, or where the workflow cannot be asked. */
  readonly doubt?: string;
  /** Why Temporal could not be asked for it. */
  readonly fault?: unknown;
}

/**
 * The policy that consumers go by: the copy in Redis; where there is none, the cutover workflow's own.
 * @throws HandoverError `policy-unknown` where nobody knows one yet
 */
export async function readPolicy(session: Pick<Session, 'redis' | 'temporal' | 'migration'>): Promise<PolicyRead> {
  const { name } = session.migration;
  const { policyStore } = await session.redis();
  const reading = await policyStore.read();
  if (!reading.known) return { policy: await askWorkflow(await session.temporal(), name, reading.reason) };
  return { policy: reading.policy, ...(await readDoubt(session.temporal, name)) };
}

/**
 * What a person has to know of the copy in Redis, if there is anything. What Redis says is shown all the same where Temporal
 * cannot be asked, as a person may look because it is away; `fault` says so, and is not to be kept from them.
 */
export async function readDoubt(
  temporal: () => Promise<Client>,
  migration: string,
): Promise<Pick<PolicyRead, 'doubt' | 'fault'>> {
  try {
    const { policy, foreignCopy } = await readView(await temporal(), migration, DOUBT_PATIENCE_MS);
    if (foreignCopy === undefined) return {};
    const doubt = `Intake holds: Redis holds version ${foreignCopy.version} of the policy, said to be by ${inOneLine(foreignCopy.actor)}, which no command has made (the last one made version ${policy.version}). Decide which counts: handover policy keep workflow, or handover policy keep copy.`;
    return { doubt };
  } catch (error) {
    // No worker has made the workflow yet, or it is just being made: there is nothing to differ from.
    if (error instanceof WorkflowNotFoundError || error instanceof QueryNotRegisteredError) return {};
    if (!(error instanceof OutOfTime)) return { fault: error };
    return {
      doubt: `No worker of migration '${migration}' answers, so nobody says whether this is the policy that a command has made. Start one: handover worker --side kafka.`,
    };
  }
}

/**
 * The copy that the cutover workflow has found in Redis and has never made.
 * @throws HandoverError `policy-refused` where there is none, `no-worker` where nobody answers for the workflow
 */
export async function readForeignCopy(client: Client, migration: string): Promise<ForeignCopy> {
  let view: CutoverView;
  try {
    view = await readView(client, migration);
  } catch (cause) {
    const message = `Nothing was changed: no worker of migration '${migration}' answers for its policy.`;
    throw new HandoverError('no-worker', message, { cause, hint: 'Start one, such as: handover worker --side kafka.' });
  }
  if (view.foreignCopy !== undefined) return view.foreignCopy;
  throw new HandoverError('policy-refused', 'Nothing was changed: Redis holds the policy that was made last.', {
    hint: "A copy that is changed by hand is put right by itself; 'handover policy show' shows the policy.",
  });
}

function readView(client: Client, migration: string, patienceMs = PATIENCE_MS): Promise<CutoverView> {
  const handle = client.workflow.getHandle<typeof cutover>(cutoverWorkflowId(migration));
  return within(client, patienceMs, () => handle.query(cutoverQuery));
}

async function askWorkflow(client: Client, migration: string, copy: 'missing' | 'unreadable'): Promise<Policy> {
  try {
    return (await readView(client, migration)).policy;
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
