import { WorkflowNotFoundError } from '@temporalio/common';
import { createAudit } from '../../../../src/ledger/redis/stores/audit.js';
import { sendPolicyChange } from '../../../../src/operations/policy/send-policy-change.js';
import { resolveMessage } from '../../../../src/operations/resolve/resolve-message.js';
import { resumeMessage } from '../../../../src/operations/resume/resume-message.js';
import { setPercentageUpdate } from '../../../../src/workflows/cutover/contract.js';
import type { Rig } from '../../rig.js';
import type { Scenario } from '../../scenario.js';

const TERMINATED = 'an operator terminates a workflow that has not settled';
const TERMINATED_UNKNOWN = 'an operator terminates a workflow whose outcome is not known';
const RESET = 'an operator resets the workflow of a message that was paid';
const TWO_TABS = 'a parked message is answered from two tabs at once';
const TWO_OPERATORS = 'two operators change the same version of the policy at once';

const ANN = { actor: 'ann', reason: 'chaos' } as const;
const BOB = { actor: 'bob', reason: 'chaos' } as const;

/** People who do what they should not, or what somebody else is just doing. */
export const operatorHands: Scenario = {
  name: 'operator-hands',
  promises: ['P1', 'P2', 'P5'],
  covers: [12, 34, 38],
  faults: [TERMINATED, TERMINATED_UNKNOWN, RESET, TWO_TABS, TWO_OPERATORS],
  leastGranted: 15,
  set: 'short',
  async drive(rig) {
    await terminateAndResume(rig);
    await resetPaid(rig);
    await answerTwice(rig);
    await changeTwice(rig);
  },
};

/** Whatever the closed run had attempted is unknown to the new one, which parks it. */
async function terminateAndResume(rig: Rig): Promise<void> {
  const { client, ledger, provider } = rig.ground;
  await provider.setFaults({ 'grant-then-hang': 1 });
  const parked = await rig.stream.sendNew(3);
  await untilAll(rig, parked, 'parked');
  await provider.setFaults({ '503': 1 });
  const retrying = await rig.stream.sendNew(3);
  await rig.until(() => new Set(provider.callsFor(retrying).map(({ messageId }) => messageId)).size === 3, 'retrying');
  for (const id of [...parked, ...retrying]) await client.workflow.getHandle(id).terminate('chaos');
  rig.fired(TERMINATED, retrying.length);
  rig.fired(TERMINATED_UNKNOWN, parked.length);
  await provider.setFaults({});
  const areShown = async (): Promise<boolean> => {
    const records = await Promise.all([...parked, ...retrying].map((id) => ledger.read(id)));
    return records.every((record) => record?.stranded !== undefined);
  };
  // A sweep comes every 15 s.
  await rig.until(areShown, 'the terminated ones are shown as stranded', 60_000);
  const calls = provider.callsFor(parked).length;
  for (const id of [...parked, ...retrying]) await resume(rig, id);
  await untilAll(rig, parked, 'parked');
  rig.expect(provider.callsFor(parked).length === calls, 'a resumed message was sent although its outcome was unknown');
  // What may have been sent is never sent again; a person has found it at the provider.
  const parts = { client, ledger };
  for (const messageId of parked) await resolveMessage(parts, { messageId, resolution: 'granted', person: ANN });
}

async function resume(rig: Rig, messageId: string): Promise<void> {
  const { client, ledger, redis, migration } = rig.ground;
  const audit = createAudit(redis, migration.name);
  await resumeMessage({ client, ledger, audit, migration: migration.name }, messageId, ANN);
  await rig.until(async () => (await ledger.read(messageId))?.stranded === undefined, 'the new run has taken it over');
}

/** The new run begins anew from the first workflow task; the ledger has the outcome. */
async function resetPaid(rig: Rig): Promise<void> {
  const { client, provider, stack } = rig.ground;
  const ids = await rig.stream.sendNew(4);
  await untilAll(rig, ids, 'settled');
  for (const workflowId of ids) {
    const handle = client.workflow.getHandle(workflowId);
    await handle.result();
    const { runId } = await handle.describe();
    const { events } = await handle.fetchHistory();
    const firstTask = events?.find((event) => event.workflowTaskCompletedEventAttributes != null)?.eventId ?? null;
    await client.workflowService.resetWorkflowExecution({
      namespace: stack.temporal.namespace,
      workflowExecution: { workflowId, runId },
      reason: 'chaos',
      requestId: `${workflowId}-reset`,
      workflowTaskFinishEventId: firstTask,
    });
    rig.fired(RESET);
    await client.workflow.getHandle(workflowId).result();
  }
  rig.expect(provider.callsFor(ids).length === ids.length, 'a reset workflow asked for its reward again');
}

/** One of two answers counts, and the other is told so. */
async function answerTwice(rig: Rig): Promise<void> {
  const { client, ledger, provider } = rig.ground;
  await provider.setFaults({ 'grant-then-502': 1 });
  const ids = await rig.stream.sendNew(4);
  await untilAll(rig, ids, 'parked');
  await provider.setFaults({});
  for (const messageId of ids) {
    const answers = await Promise.allSettled([
      resolveMessage({ client, ledger }, { messageId, resolution: 'granted', person: ANN, round: 1 }),
      resolveMessage({ client, ledger }, { messageId, resolution: 'granted', person: BOB, round: 1 }),
    ]);
    const taken = answers.filter(({ status }) => status === 'fulfilled').length;
    rig.expect(taken === 1, `${taken} of two answers to ${messageId} were taken`);
    rig.fired(TWO_TABS);
  }
}

async function changeTwice(rig: Rig): Promise<void> {
  const { client, policyStore, migration } = rig.ground;
  for (const percentage of [20, 30, 40]) {
    const before = await rig.setPercentage(percentage);
    const change = (actor: string, hundredths: number): Promise<unknown> => {
      const args = { actor, reason: 'chaos', hundredths, expectedVersion: before.version };
      return sendPolicyChange({ client, policyStore, migration: migration.name, update: setPercentageUpdate, args });
    };
    const changes = await Promise.allSettled([change('ann', 6_000), change('bob', 7_000), change('cem', 8_000)]);
    const made = changes.filter(({ status }) => status === 'fulfilled').length;
    rig.expect(made === 1, `${made} of three changes to version ${before.version} of the policy were made`);
    rig.fired(TWO_OPERATORS);
    await rig.stream.sendNew(3);
  }
}

async function untilAll(rig: Rig, messageIds: readonly string[], wanted: 'parked' | 'settled'): Promise<void> {
  const { ledger } = rig.ground;
  const areAll = async (): Promise<boolean> => (await ledger.states(messageIds)).every((state) => state === wanted);
  await rig.until(areAll, `all of them are ${wanted}`, 60_000);
  if (wanted === 'parked') await rig.until(async () => areOpen(rig, messageIds), 'their workflows say so');
}

async function areOpen(rig: Rig, messageIds: readonly string[]): Promise<boolean> {
  const shown = await Promise.all(
    messageIds.map(async (id) => {
      try {
        const { searchAttributes } = await rig.ground.client.workflow.getHandle(id).describe();
        return searchAttributes['HandoverState']?.[0] === 'parked';
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return false;
        throw error;
      }
    }),
  );
  return !shown.includes(false);
}
