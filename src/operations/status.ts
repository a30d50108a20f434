import type { Client } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';
import type { NotRestored, Restored } from '../domain/ledger/ledger-health.js';
import type { Side } from '../domain/side.js';
import { instant } from '../domain/text.js';
import type { Ledger } from '../ledger/ledger.js';
import type { DeadLetterIndex } from '../ledger/redis/stores/dead-letter-index.js';
import type { LedgerMarks, MarkView } from '../ledger/redis/stores/marks.js';
import type { PolicyStore } from '../ledger/redis/stores/policy-store.js';
import type { ProcessReports } from '../ledger/redis/stores/process-reports.js';
import type { SideStatus } from '../ledger/redis/stores/side-status.js';
import { sideTaskQueue } from '../workflows/names.js';
import { within } from './answer-within.js';
import { type PolicyView, viewPolicy } from './policy/policy-view.js';
import { type ProcessView, viewProcess } from './process.js';

/** How the rewards of one side are getting on. */
export interface RewardsView {
  /** Rewards that wait for a worker of this side, about. */
  readonly waiting: number;
  /** Whether nobody picks them up. */
  readonly noWorker: boolean;
  /** Whether they wait for long although workers are there: those are full. Left out while they do not. */
  readonly slow?: true;
}

/** What waits for long has no worker, or one that is full: a process that lives, and rewards as fast as it can, is one. */
function viewRewards(rewards: RewardsView, isThere: boolean): RewardsView {
  return rewards.noWorker && isThere ? { ...rewards, noWorker: false, slow: true } : rewards;
}

/** Whether the ledger has all its records. */
export interface LedgerView {
  /**
   * `lost`: it shows no epoch, and intake holds. `recovering`: it is being rebuilt from Temporal, and intake holds. `partial`:
   * intake goes on with what is open, and what has closed is still being rebuilt.
   */
  readonly phase: MarkView['phase'];
  /** How far the recovery of what has closed is; null unless it is under way. `reached`: all that closed before is there. */
  readonly progress: { readonly done: number; readonly total: number | null; readonly reached: string | null } | null;
  /** The last recovery that ended; null if there was none, or it was lost as well. */
  readonly recovery: {
    readonly why: string;
    /** What was written before it had been kept; null: nothing is known to have been. */
    readonly since: string | null;
    readonly startedAt: string;
    readonly endedAt: string;
    readonly restored: Restored;
    /** Messages that could not be restored; null: all could. */
    readonly failed: NotRestored | null;
  } | null;
}

/** What is known of one side's processes and of its broker. */
export interface SideView {
  readonly alive: boolean;
  readonly rewards: RewardsView | null;
  /** Positions that its broker had deleted before they were read, ever: nobody knows what they held. */
  readonly skipped: number;
  /** What each of its processes has told of itself, those that told it last first. A build of before tells nothing. */
  readonly processes: readonly ProcessView[];
}

/** What `status --json` promises, and more. Null is unknown, never 0. */
export interface StatusView {
  /** By the clock of Redis, like every instant here. */
  readonly at: string;
  readonly policy: PolicyView | null;
  readonly ledger: LedgerView;
  readonly messages: Readonly<Record<'assigned' | 'claimed' | 'sending' | 'parked' | 'settled', number>>;
  readonly deadLettered: Readonly<Record<Side, number>>;
  readonly stranded: number;
  /** Records that hold something else than a record of the ledger. */
  readonly unreadable: number;
  /** `alive`: a process of that side has shown life of late. */
  readonly sides: Readonly<Record<Side, SideView>>;
}

export interface StatusSources {
  readonly ledger: Pick<Ledger, 'count' | 'now'>;
  readonly marks: Pick<LedgerMarks, 'view'>;
  readonly policyStore: Pick<PolicyStore, 'read'>;
  readonly deadLetters: Pick<DeadLetterIndex, 'count'>;
  readonly sideStatus: Pick<SideStatus, 'isAlive' | 'skipped'>;
  readonly processReports: Pick<ProcessReports, 'read'>;
  /** How a side's rewards are getting on; undefined if Temporal cannot be asked. */
  readonly rewards: (side: Side) => Promise<RewardsView | undefined>;
}

export async function readStatus(sources: StatusSources): Promise<StatusView> {
  const { ledger, marks, policyStore, deadLetters, sideStatus, processReports, rewards } = sources;
  const side = async (name: Side): Promise<SideView> => {
    const [alive, waiting, skipped, found] = await Promise.all([
      sideStatus.isAlive(name),
      rewards(name),
      sideStatus.skipped(name),
      processReports.read(name),
    ]);
    const processes = found.map(viewProcess);
    const isThere = alive || processes.some(isHeard);
    return { alive, rewards: waiting === undefined ? null : viewRewards(waiting, isThere), skipped, processes };
  };
  const [reading, mark, { stranded, unreadable, ...messages }, deadLettered, kafka, rocketmq, now] = await Promise.all([
    policyStore.read(),
    marks.view(),
    ledger.count(),
    deadLetters.count(),
    side('kafka'),
    side('rocketmq'),
    ledger.now(),
  ]);
  return {
    at: instant(now),
    policy: reading.known ? viewPolicy(reading.policy) : null,
    ledger: viewLedger(mark),
    messages,
    deadLettered,
    stranded,
    unreadable,
    sides: { kafka, rocketmq },
  };
}

function viewLedger({ phase, recovery, progress: made }: MarkView): LedgerView {
  const reached = made === undefined || made.reached === null ? null : instant(made.reached);
  const progress = made === undefined ? null : { done: made.done, total: made.total, reached };
  if (recovery === undefined) return { phase, progress, recovery: null };
  const { why, since, startedAt, endedAt, restored, failed = null } = recovery;
  const times = { startedAt: instant(startedAt), endedAt: instant(endedAt) };
  return {
    phase,
    progress,
    recovery: { why, since: since === null ? null : instant(since), ...times, restored, failed },
  };
}

export function isHeard({ state }: ProcessView): boolean {
  return state !== 'silent';
}

/** Rewards that have waited for longer than this have no worker, in ms: a living one takes them at once or is full. */
const NO_WORKER_AFTER_MS = 5_000;

/** A number, as the package that names it cannot be imported by name. */
const ACTIVITY_TASK_QUEUE: temporal.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY = 2;

const ANSWER_WITHIN_MS = 3_000;

/** Reads how a side's rewards are getting on from its task queue. */
export async function readRewards(
  client: Client,
  namespace: string,
  migration: string,
  side: Side,
): Promise<RewardsView> {
  const { pollers, stats } = await within(client, ANSWER_WITHIN_MS, () =>
    client.workflowService.describeTaskQueue({
      namespace,
      taskQueue: { name: sideTaskQueue(migration, side) },
      taskQueueType: ACTIVITY_TASK_QUEUE,
      reportStats: true,
    }),
  );
  const waiting = Number(stats?.approximateBacklogCount ?? 0);
  const ageMs = Number(stats?.approximateBacklogAge?.seconds ?? 0) * 1_000;
  // A worker that died is listed as a poller for minutes, so the age of what waits says more.
  return { waiting, noWorker: waiting > 0 && (pollers.length === 0 || ageMs > NO_WORKER_AFTER_MS) };
}
