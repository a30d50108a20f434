import { type Client, WithStartWorkflowOperation } from '@temporalio/client';
import type { UpdateDefinition } from '@temporalio/common';
import { HandoverError } from '../../domain/errors.js';
import { differencesOf } from '../../domain/policy/foreign-copy.js';
import type { Policy } from '../../domain/policy/policy.js';
import type { Change } from '../../domain/policy/policy-change.js';
import type { PolicyStore } from '../../ledger/redis/stores/policy-store.js';
import type { cutover } from '../../workflows/cutover/cutover.js';
import { cutoverStartOptions } from '../../workflows/cutover/start.js';
import { CUTOVER_WORKFLOW } from '../../workflows/names.js';
import { ANSWER_WITHIN_MS, sendUpdate } from '../send-update.js';

/** A change is not made later than this after it was sent, in ms: whoever is told that it failed can rely on that. */
const MADE_WITHIN_MS = ANSWER_WITHIN_MS - 1_500;

export interface PolicyChangeParts<A extends Change> {
  readonly client: Client;
  readonly policyStore: Pick<PolicyStore, 'read'>;
  readonly migration: string;
  readonly update: UpdateDefinition<Policy, [A]>;
  readonly args: A;
  /** How long to wait for a worker, in ms. Default {@link ANSWER_WITHIN_MS}. */
  readonly patienceMs?: number;
}

/** `changed` is false if the policy was so already. */
export interface PolicyChanged {
  readonly policy: Policy;
  readonly changed: boolean;
  /** What the copy in Redis had otherwise, although it bore this version: another hand had changed it, and it was put right. */
  readonly putRight: readonly string[];
}

/**
 * Has the cutover workflow make a change, making the workflow itself on first need. Answers once Redis holds the policy.
 * @throws HandoverError `policy-refused`, `policy-stale`, `no-worker`, `temporal-unavailable` or, as without Redis no
 *   change could be published, `ledger-unavailable`
 */
export async function sendPolicyChange<A extends Change>(parts: PolicyChangeParts<A>): Promise<PolicyChanged> {
  const { client, policyStore, migration, update, args, patienceMs } = parts;
  const before = await policyStore.read();
  const policy = await sendUpdate<Policy>({
    client,
    send: (updateId) =>
      client.workflow.startUpdateWithStart(update, {
        args: [{ ...args, notAfter: before.readAt + MADE_WITHIN_MS }],
        updateId,
        waitForStage: 'ACCEPTED',
        startWorkflowOperation: new WithStartWorkflowOperation<typeof cutover>(
          CUTOVER_WORKFLOW,
          cutoverStartOptions(migration),
        ),
      }),
    refused: (type, reason, cause) =>
      type === 'policy-stale'
        ? new HandoverError('policy-stale', `Nothing was changed: ${reason}.`, {
            cause,
            hint: "Look at it with 'handover policy show'. If the change is still wanted, expect that version.",
          })
        : new HandoverError('policy-refused', `Nothing was changed: ${reason}.`, { cause }),
    unanswered: (how, cause) =>
      how === 'not-taken'
        ? new HandoverError('no-worker', `Nothing was changed: no worker of migration '${migration}' answers.`, {
            cause,
            hint: 'Start one, such as: handover worker --side kafka. This change will not be made later by itself.',
          })
        : new HandoverError('no-worker', 'A worker has taken the change, but Redis was not seen to hold it in time.', {
            cause,
            hint: "Look at what holds with 'handover policy show', and at the workers' logs.",
          }),
    ...(patienceMs !== undefined && { patienceMs }),
  });
  const isSameVersion = before.known && before.policy.version === policy.version;
  return { policy, changed: !isSameVersion, putRight: isSameVersion ? differencesOf(before.policy, policy) : [] };
}
