import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, QueryNotRegisteredError, QueryRejectedError, WorkflowClient } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { untilWoken, wakeAll } from '../async/until-woken.js';
import { HandoverError, toError } from '../domain/errors.js';
import type { Log } from '../domain/log.js';
import { differencesOf, type ForeignCopy } from '../domain/policy/foreign-copy.js';
import type { Policy } from '../domain/policy/policy.js';
import type { Audit } from '../ledger/redis/stores/audit.js';
import { encodePolicy } from '../ledger/redis/stores/policy-codec.js';
import type { PolicyReading, PolicyStore } from '../ledger/redis/stores/policy-store.js';
import { type CutoverView, cutoverQuery, republishSignal } from '../workflows/cutover/contract.js';
import type { cutover } from '../workflows/cutover/cutover.js';
import { cutoverStartOptions } from '../workflows/cutover/start.js';
import { CUTOVER_WORKFLOW, cutoverWorkflowId } from '../workflows/names.js';

export interface PolicyKeeperOptions {
  readonly migration: string;
  readonly client: Client;
  readonly policyStore: Pick<PolicyStore, 'read' | 'publish'>;
  readonly audit: Pick<Audit, 'copyPutRight'>;
  /** Told of each copy that was put right, for metrics. */
  readonly onPutRight?: (found: CopyFault) => void;
  readonly log: Log;
  /** From the end of one look to the next, in ms. Default 3000. */
  readonly everyMs?: number;
  /** How long one look may take, in ms. Default 5000. */
  readonly patienceMs?: number;
  /** Passes the time between two looks. Rejects when the signal is aborted. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** What was wrong with the copy. `changed`: the right version, and other contents than were ever published under it. */
export type CopyFault = 'missing' | 'unreadable' | 'older' | 'changed';

/** What one look has found. */
export type PolicyLook =
  /** The workflow and the copy agree on this version. */
  | { readonly found: 'agreed'; readonly version: number }
  /** The copy was put right. */
  | { readonly found: CopyFault; readonly version: number }
  /** The copy is newer, and the workflow was asked what that is. */
  | { readonly found: 'newer' }
  /** It is none of the workflow's, and only a person can say which of the two counts. */
  | { readonly found: 'foreign'; readonly policy: Policy; readonly copy: ForeignCopy }
  /** There is no workflow that can be asked yet. */
  | { readonly found: 'no-workflow' };

export interface PolicyKeeper {
  /** Why the copy is not to be used now, for people; undefined while there is no such reason. */
  doubt(): string | undefined;
  /** That the cutover workflow has not answered for long, for people; undefined while it does, or where Redis is away. */
  silence(): string | undefined;
  /** Resolves while there is none. Rejects with the signal's reason. */
  whenClear(signal: AbortSignal): Promise<void>;
  /** The version on which the workflow and the copy were last found to agree, by a look that began then (monotonic, ms). */
  agreed(): { readonly version: number; readonly lookedAt: number } | undefined;
  /** Ends after the look that is under way, which is cut short. */
  stop(): Promise<void>;
}

/** The pause before the next look while the workflow finds out what a newer copy is, in ms. */
const ASKED_PAUSE_MS = 1_000;

/**
 * Keeps the copy of the policy in Redis the same as the cutover workflow's, and that workflow in being. Every worker
 * process has one, so that a copy that was lost or changed by another hand is right again within seconds. A look that fails is
 * logged, and followed by the next. What the last look has found holds until another one has found something else.
 */
export function startPolicyKeeper(options: PolicyKeeperOptions): PolicyKeeper {
  const { client, log, everyMs = 3_000, patienceMs = 5_000 } = options;
  const { pause = (ms, signal) => sleep(ms, undefined, { signal }) } = options;
  const stopped = new AbortController();
  const waiters = new Set<() => void>();
  let doubt: string | undefined;
  /** Since when every look has failed, by the clock that never goes back, and how the last one did. */
  let failing: { readonly since: number; readonly words: string } | undefined;
  let agreed: { readonly version: number; readonly lookedAt: number } | undefined;

  function take(look: PolicyLook, lookedAt: number): void {
    const before = doubt;
    doubt = look.found === 'foreign' ? doubtOf(look) : undefined;
    agreed = 'version' in look ? { version: look.version, lookedAt } : undefined;
    if (doubt !== undefined && doubt !== before) log.error({ why: doubt }, 'the policy is in doubt: intake holds');
    if (doubt !== undefined || before === undefined) return;
    log.info({}, 'the policy is in doubt no more');
    wakeAll(waiters);
  }

  async function keep(): Promise<void> {
    while (!stopped.signal.aborted) {
      let pauseMs = everyMs;
      try {
        const lookedAt = performance.now();
        const look = await client.withAbortSignal(stopped.signal, () =>
          client.withDeadline(Date.now() + patienceMs, () => lookAfterPolicy(options)),
        );
        take(look, lookedAt);
        // The answer is there by then, and consumers go by that copy meanwhile.
        if (look.found === 'newer') pauseMs = Math.min(everyMs, ASKED_PAUSE_MS);
        if (failing !== undefined) log.info({}, 'the policy is looked after again');
        failing = undefined;
      } catch (error) {
        if (stopped.signal.aborted) return;
        // Said once: it may last for as long as Temporal or Redis is away, and that is told by readiness.
        if (failing === undefined) log.warn({ error: toError(error).message }, 'the policy could not be looked after');
        const words = error instanceof HandoverError ? '' : toError(error).message;
        const since = failing?.words ? failing.since : performance.now();
        failing = { since, words };
      }
      await pause(pauseMs, stopped.signal).catch(ignoreStop);
    }
  }

  function ignoreStop(error: unknown): void {
    if (!stopped.signal.aborted) throw error;
  }

  const kept = keep();
  return {
    doubt: () => doubt,
    silence: () => describeSilence(failing, performance.now()),
    async whenClear(signal) {
      while (doubt !== undefined) await untilWoken(waiters, signal);
    },
    agreed: () => agreed,
    async stop() {
      stopped.abort();
      await kept;
    },
  };
}

/** A look that fails now and then says nothing: a busy worker answers late. In ms. */
const SILENT_AFTER_MS = 15_000;

/**
 * Intake notices that Temporal is away where it has a delivery to start. Without this a process that has none would call itself
 * ready, while rewards and changes of the policy stand still. What Redis does not answer is told by the ledger's watch.
 */
function describeSilence(
  failing: { readonly since: number; readonly words: string } | undefined,
  now: number,
): string | undefined {
  if (failing === undefined || failing.words === '' || now - failing.since < SILENT_AFTER_MS) return undefined;
  const seconds = Math.round((now - failing.since) / 1_000);
  return `the cutover workflow has not answered for ${seconds} s: ${failing.words}`;
}

/** One look: makes the workflow if there is none, and the copy if it is missing, unreadable, older or another. */
export async function lookAfterPolicy(options: PolicyKeeperOptions): Promise<PolicyLook> {
  const { migration, client, policyStore, log } = options;
  const view = await readOpenWorkflow(client, migration);
  if (view === 'not-yet') return { found: 'no-workflow' };
  if (view === 'no-workflow') {
    // It publishes its policy itself, once it has looked at what Redis holds.
    await client.workflow.start<typeof cutover>(CUTOVER_WORKFLOW, cutoverStartOptions(migration));
    log.info({ workflowId: cutoverWorkflowId(migration) }, 'made the cutover workflow, as there was none');
    return { found: 'no-workflow' };
  }
  const { policy, foreignCopy } = view;
  const reading = await policyStore.read();
  const isAhead = reading.known && reading.policy.version > policy.version;
  if (isAhead && foreignCopy !== undefined) return { found: 'foreign', policy, copy: reading.policy };
  if (isAhead || foreignCopy !== undefined) {
    // A change is just being made, or the workflow was reset, or the copy is none of its own: it finds out which.
    await client.workflow.getHandle<typeof cutover>(cutoverWorkflowId(migration)).signal(republishSignal);
    if (isAhead) return { found: 'newer' };
  }
  const fault = faultOf(reading, policy);
  if (fault === undefined) return { found: 'agreed', version: policy.version };
  if (fault === 'changed' && (await hasMovedOn(client, migration, policy))) return { found: 'newer' };
  await putRight(options, fault, policy, reading);
  return { found: fault, version: policy.version };
}

/** What is wrong with a copy that is not ahead of the workflow. Two builds compare what both of them know of a policy. */
function faultOf(reading: PolicyReading, policy: Policy): CopyFault | undefined {
  if (!reading.known) return reading.reason;
  if (reading.policy.version < policy.version) return 'older';
  return encodePolicy(reading.policy) === encodePolicy(policy) ? undefined : 'changed';
}

/** A version that was made twice, before a reset and after it, must not be put back by a look that saw the first one. */
async function hasMovedOn(client: Client, migration: string, policy: Policy): Promise<boolean> {
  const again = await readOpenWorkflow(client, migration);
  return typeof again === 'string' || encodePolicy(again.policy) !== encodePolicy(policy);
}

/** Publishes the workflow's policy over a copy that is not it. Of many processes that see it, one finds it to be done. */
async function putRight(
  { policyStore, audit, onPutRight, log }: PolicyKeeperOptions,
  fault: CopyFault,
  policy: Policy,
  reading: PolicyReading,
): Promise<void> {
  const { verdict } = await policyStore.publish(policy);
  if (verdict !== 'published') return;
  const { version } = policy;
  const wrong = fault === 'changed' && reading.known ? differencesOf(reading.policy, policy) : [];
  const told = { version, found: fault, ...(reading.known && { copy: reading.policy.version }), wrong };
  if (fault === 'changed')
    log.error(told, 'another hand had changed the copy of the policy in Redis: it was put right');
  else log.warn(told, 'published the policy anew, as the copy in Redis was not the same');
  onPutRight?.(fault);
  await audit.copyPutRight({ version, found: fault, wrong });
}

function doubtOf({ policy, copy }: Extract<PolicyLook, { found: 'foreign' }>): string {
  return `Redis holds version ${copy.version}, said to be by ${copy.actor}, which the cutover workflow, at version ${policy.version}, never made: decide with 'handover policy keep workflow' or 'handover policy keep copy'`;
}

/** What the open workflow says. `not-yet`: it is just about to compare itself with the copy, as this would. */
async function readOpenWorkflow(client: Client, migration: string): Promise<CutoverView | 'no-workflow' | 'not-yet'> {
  // A workflow that was ended still answers queries, for as long as Temporal keeps it.
  const openOnly = new WorkflowClient({
    ...client.workflow.options,
    connection: client.connection,
    queryRejectCondition: 'NOT_OPEN',
  });
  try {
    return await openOnly.getHandle<typeof cutover>(cutoverWorkflowId(migration)).query(cutoverQuery);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError || error instanceof QueryRejectedError) return 'no-workflow';
    if (error instanceof QueryNotRegisteredError) return 'not-yet';
    throw error;
  }
}
