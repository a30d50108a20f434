import type { Client } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';
import type { NotRestored, Restored } from '../domain/ledger-loss.js';
import { SIDES, type Side } from '../domain/side.js';
import type { DeadLetterIndex } from '../ledger/dead-letter-index.js';
import type { Ledger } from '../ledger/ledger.js';
import type { LedgerMarks, MarkView } from '../ledger/marks.js';
import type { PolicyStore } from '../ledger/policy-store.js';
import type { ProcessReports } from '../ledger/process-reports.js';
import type { SideSigns } from '../ledger/signs.js';
import { sideTaskQueue } from '../workflows/names.js';
import { describePolicy, type PolicyView, viewPolicy } from './policy/policy-view.js';
import { describeProcesses, type ProcessView, viewProcess } from './status/process-view.js';
import { inOneLine, instant } from './table.js';
import { within } from './within.js';

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
  readonly signs: Pick<SideSigns, 'isAlive' | 'skipped'>;
  readonly processReports: Pick<ProcessReports, 'read'>;
  /** How a side's rewards are getting on; undefined if Temporal cannot be asked. */
  readonly rewards: (side: Side) => Promise<RewardsView | undefined>;
}

export async function readStatus(sources: StatusSources): Promise<StatusView> {
  const { ledger, marks, policyStore, deadLetters, signs, processReports, rewards } = sources;
  const side = async (name: Side): Promise<SideView> => {
    const [alive, waiting, skipped, found] = await Promise.all([
      signs.isAlive(name),
      rewards(name),
      signs.skipped(name),
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

export function describeStatus({
  at,
  policy,
  ledger,
  messages,
  deadLettered,
  stranded,
  unreadable,
  sides,
}: StatusView): readonly string[] {
  const { assigned, claimed, sending, parked, settled } = messages;
  return [
    ...(policy === null
      ? ['policy       unknown: Redis holds none that can be read; intake holds']
      : describePolicy(policy)),
    '',
    `messages     ${settled} settled, ${sending} sending, ${claimed} claimed, ${assigned} assigned, ${parked} parked`,
    `stranded     ${stranded}${stranded === 0 ? '' : "   (acknowledged, not settled, and no workflow has them: 'handover parked' names them)"}`,
    ...(unreadable === 0
      ? []
      : [
          `unreadable   ${unreadable}   (nobody can say what became of these messages: 'handover parked' and the log name them)`,
        ]),
    `ledger       ${describeLedger(ledger)}`,
    ...describeFailures(ledger),
    `dead letters ${deadLettered.kafka} on kafka, ${deadLettered.rocketmq} on rocketmq`,
    ...(parked === 0 ? [] : [`${parked} parked: 'handover parked' lists them, 'handover resolve' answers them`]),
    '',
    ...SIDES.flatMap((side) => [
      `${side.padEnd(12)} ${describeSide(sides[side])}`,
      ...describeProcesses(sides[side].processes, Date.parse(at)),
      ...(sides[side].alive || sides[side].processes.some((view) => isHeard(view) && view.consumes)
        ? []
        : [`  next: start a worker of it: handover worker --side ${side}`]),
    ]),
    ...SIDES.filter((side) => sides[side].skipped > 0).map(
      (side) =>
        `skipped      ${sides[side].skipped} positions of ${side} were deleted before they were read: see the runbook`,
    ),
  ];
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

function describeLedger({ phase, recovery, progress }: LedgerView): string {
  const made = progress === null ? '' : `: ${progress.done} of ${progress.total ?? 'an unknown number'} done`;
  const now = {
    intact: 'whole',
    recovering: 'is being rebuilt from Temporal, as it has lost records; intake holds until that is done',
    partial: `is partial${made}; intake goes on, and withholds what has no record and is too old for Temporal to vouch for it`,
    lost: 'has lost everything, or no worker has ever run; intake holds until a worker has had it rebuilt',
  }[phase];
  if (recovery === null) return now;
  const { settled, parked, claimed, assigned, stranded } = recovery.restored;
  const restored = `${settled} settled, ${parked} parked, ${claimed} claimed, ${assigned} assigned, ${stranded} stranded`;
  return `${now}; rebuilt on ${recovery.endedAt} (${recovery.why}): ${restored}`;
}

/** Messages that the last recovery could not enter anew. */
function describeFailures({ recovery }: LedgerView): readonly string[] {
  const failed = recovery?.failed ?? null;
  if (failed === null) return [];
  const more = failed.count - failed.first.length;
  return [
    `not restored ${failed.count}   (each for a fault of its own; look at its workflow in Web UI)`,
    ...failed.first.map(({ messageId, why }) => `             ${inOneLine(messageId)}: ${inOneLine(why)}`),
    ...(more > 0 ? [`             and ${more} more: see the log`] : []),
  ];
}

function describeSide({ alive, rewards, processes }: SideView): string {
  const life = describeLife(alive, processes);
  if (rewards === null) return `${life}; its waiting rewards are unknown, as Temporal does not answer`;
  if (rewards.noWorker) return `${life}; no worker: ${rewards.waiting} rewards wait and nobody picks them up`;
  if (rewards.slow)
    return `${life}; ${rewards.waiting} rewards wait, and not for moments only: its workers are full (limits.inFlight), or do not reach Temporal`;
  return `${life}; ${rewards.waiting} rewards wait`;
}

function isHeard({ state }: ProcessView): boolean {
  return state !== 'silent';
}

function describeLife(alive: boolean, processes: readonly ProcessView[]): string {
  const heard = processes.filter(isHeard);
  if (heard.length === 0) {
    return alive
      ? 'alive; no process tells more: it has just stopped, or is of an earlier build: ask its /readyz'
      : 'no sign of life: nothing consumes it, and nothing rewards what it owns';
  }
  const odd = processes.filter(({ state, holds }) => state !== 'ready' || holds.length > 0).length;
  const trouble = odd === 0 ? '' : `; ${odd} of ${processes.length} processes need a look`;
  return `${alive ? 'alive' : 'nothing consumes it'}${trouble}`;
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
