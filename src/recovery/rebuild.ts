import type { Client } from '@temporalio/client';
import pLimit from 'p-limit';
import { type IsOpenRun, readRunInput } from '../activities/runs.js';
import { toError } from '../domain/errors.js';
import { FAILURES_NAMED, isMade, NOTHING_RESTORED, type Restored } from '../domain/ledger/ledger-health.js';
import type { LedgerRecord } from '../domain/ledger/record.js';
import type { Log } from '../domain/log.js';
import type { Starter } from '../intake/starter.js';
import type { Ledger } from '../ledger/ledger.js';
import type { WaitingMessages } from '../ledger/redis/stores/waiting-messages.js';
import { MESSAGE_WORKFLOW, SEARCH_ATTRIBUTES } from '../workflows/names.js';
import type { Rebuild, RebuildRequest, Rebuilt } from './contract.js';
import { isFaultOfOneMessage } from './message-fault.js';
import { enterOrigin, enterRunState } from './run-state-entry.js';
import type { AskRunState } from './run-state-query.js';

export interface LedgerRebuildOptions {
  readonly client: Client;
  readonly migration: string;
  readonly ledger: Ledger;
  readonly waiting: Pick<WaitingMessages, 'enter'>;
  readonly starter: Pick<Starter, 'check'>;
  readonly isOpenRun: IsOpenRun;
  readonly askRunState: AskRunState;
  readonly log: Log;
}

/** Workflows that are compared with their records at once, and that are looked into at once. */
const BATCH = 200;
const AT_ONCE = 16;

type State = keyof Restored;

interface Found {
  readonly messageId: string;
  readonly runId: string;
  readonly open: boolean;
  readonly completed: boolean;
  /** As visibility shows it, which may be a moment late. */
  readonly state: unknown;
}

/**
 * Enters anew what the ledger has lost, from what Temporal shows: first the open workflows, each of which is asked how it
 * stands, then the closed ones, whose results say how they ended. A record that is there and looks right stays.
 */
export function createLedgerRebuild(options: LedgerRebuildOptions): Rebuild {
  const { client, migration, ledger, waiting, starter, isOpenRun, askRunState: askStanding, log } = options;

  async function restore(
    found: Found,
    record: LedgerRecord | undefined,
    thorough: boolean,
  ): Promise<State | undefined> {
    if (record?.state === 'settled') return undefined;
    if (!found.open) return restoreClosed(found, record);
    if (!thorough && looksRight(found, record)) return undefined;
    const runState = await askStanding(found.messageId);
    if (runState === 'closed') return restoreClosed(found, record);
    if (runState === 'cannot-say') {
      // Its own next step restores the rest.
      log.warn({ messageId: found.messageId }, 'a workflow did not say how it stands: entered as it began');
      const { input } = await readRunInput(client, found.messageId, found.runId);
      return enterOrigin(input, record, ledger);
    }
    const state = await enterRunState(runState, record, ledger, isOpenRun);
    // Whatever the room: it waits already, and those that come after it are to be counted upon it.
    if (runState.phase === 'waiting') {
      await waiting.enter(runState.identity.origin.decision.owner, found.messageId, Number.MAX_SAFE_INTEGER);
    }
    return state;
  }

  /** Settled by its result, or stranded. */
  async function restoreClosed(found: Found, record: LedgerRecord | undefined): Promise<State | undefined> {
    const { messageId } = found;
    if (record === undefined && !found.completed) {
      const { input } = await readRunInput(client, messageId, found.runId);
      await enterOrigin(input, record, ledger);
      await ledger.index([messageId]);
    }
    switch (await starter.check(messageId, record?.run)) {
      case 'completed':
        return 'settled';
      case 'stranded':
        return 'stranded';
      default:
        return undefined;
    }
  }

  async function enter(request: RebuildRequest, signal: AbortSignal, onLooked: () => void): Promise<Rebuilt> {
    const thorough = request.of === 'open' && request.thorough;
    const limit = pLimit(AT_ONCE);
    const restored: Record<State, number> = { ...NOTHING_RESTORED };
    const failed = { count: 0, first: [] as { messageId: string; why: string }[] };

    /** One message that cannot be read must not keep the recovery of all from ending: it is named, and the rest goes on. */
    async function restoreOrTell(found: Found): Promise<void> {
      const { messageId } = found;
      try {
        const state = await restore(found, await ledger.read(messageId), thorough);
        if (state !== undefined) restored[state] += 1;
      } catch (error) {
        if (signal.aborted || !isFaultOfOneMessage(error)) throw error;
        const why = toError(error).message;
        failed.count += 1;
        if (failed.first.length < FAILURES_NAMED) failed.first.push({ messageId, why });
        log.error({ messageId, why }, 'a record could not be restored: the sweeper looks at it again, and names it');
        await ledger.index([messageId]);
      }
    }

    async function takeBatch(batch: readonly Found[]): Promise<void> {
      signal.throwIfAborted();
      const open = batch.filter((found) => found.open).map(({ messageId }) => messageId);
      // As intake does before it acknowledges: what is in a workflow's hands can be found by the sweeper.
      if (open.length > 0) await ledger.index(open);
      await Promise.all(
        batch.map((found) =>
          limit(async () => {
            signal.throwIfAborted();
            await restoreOrTell(found);
            onLooked();
          }),
        ),
      );
    }

    let batch: Found[] = [];
    for await (const { workflowId, runId, status, searchAttributes } of client.workflow.list({
      query: queryOf(migration, request),
    })) {
      batch.push({
        messageId: workflowId,
        runId,
        open: status.name === 'RUNNING',
        completed: status.name === 'COMPLETED',
        state: searchAttributes[SEARCH_ATTRIBUTES.state.name]?.[0],
      });
      if (batch.length < BATCH) continue;
      await takeBatch(batch);
      batch = [];
    }
    await takeBatch(batch);
    return { restored, failed };
  }

  return {
    enter,
    async forgetUnstarted(made, signal, onLooked) {
      let forgotten = 0;
      for await (const record of ledger.unsettled()) {
        signal.throwIfAborted();
        onLooked();
        const isProvisional = record.state === 'assigned' && isMade(record.createdAt ?? 0, made);
        if (!isProvisional || (await starter.check(record.messageId, undefined)) !== 'with-broker') continue;
        if (await ledger.unroute(record.messageId, made)) forgotten += 1;
      }
      return forgotten;
    },
    async count(request) {
      try {
        return (await client.workflow.count(queryOf(migration, request))).count;
      } catch (error) {
        // Not every store of visibility counts. Then windows are as long as they come, and the whole is not known.
        if (!isFaultOfOneMessage(error)) throw error;
        log.debug({ error: toError(error).message }, 'Temporal does not count workflows');
        return undefined;
      }
    },
  };
}

function queryOf(migration: string, request: RebuildRequest): string {
  const ours = `HandoverMigration = "${migration}" AND WorkflowType = "${MESSAGE_WORKFLOW}"`;
  if (request.of === 'open') return `${ours} AND ExecutionStatus = "Running"`;
  const { from, to } = request;
  return [
    `${ours} AND ExecutionStatus != "Running" AND ExecutionStatus != "ContinuedAsNew"`,
    ...(from === null ? [] : [`CloseTime >= "${new Date(from).toISOString()}"`]),
    ...(to === null ? [] : [`CloseTime < "${new Date(to).toISOString()}"`]),
  ].join(' AND ');
}

/** Whether a record needs no question: what its run does next it records by itself, and a parked one does nothing. */
function looksRight({ state }: Found, record: LedgerRecord | undefined): boolean {
  switch (record?.state) {
    case 'assigned':
      return state === 'waiting';
    case 'claimed':
    case 'sending':
      return state !== 'parked' && state !== 'waiting';
    case 'parked':
      return state === 'parked';
    default:
      return false;
  }
}
