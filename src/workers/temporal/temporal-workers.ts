import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, type NativeConnection, Worker, type WorkflowBundleOption } from '@temporalio/worker';
import type { OwnershipActivities } from '../../activities/ownership.js';
import type { CutoverActivities } from '../../activities/policy.js';
import type { ResolutionActivities } from '../../activities/resolution.js';
import type { RewardActivities } from '../../activities/reward.js';
import type { InlineActivities } from '../../activities/reward-inline.js';
import type { ShutdownBudget } from '../../domain/shutdown-budget.js';
import { otherSide, type Side } from '../../domain/side.js';
import type { RecoveryActivities } from '../../recovery/contract.js';
import { cutoverTaskQueue, sideTaskQueue } from '../../workflows/names.js';

export interface TemporalWorkersOptions {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly migration: string;
  readonly side: Side;
  readonly ledgerSteps: OwnershipActivities & ResolutionActivities;
  readonly inline: InlineActivities;
  readonly rewards: RewardActivities;
  readonly cutoverActivities: CutoverActivities & RecoveryActivities;
  /** In-flight deliveries of this process: the eager starts that may come at once. */
  readonly inFlight: number;
  /** How long a stopping worker lets its attempts at the reward go on, and when it is given up. */
  readonly stop: Pick<ShutdownBudget, 'graceMs' | 'forceMs'>;
}

/**
 * How the SDK runs the workflows' code, for every worker.
 *
 * By default it cuts a call into the sandbox off after 5 s of wall clock, to get a thread back from an endless loop. A
 * machine that stands still for longer (SIGSTOP, a throttled container, a virtual machine that is moved) is taken for such
 * a loop when it goes on. The script is then ended in its midst, and as promise hooks are on, Node aborts the whole process
 * with "async hook stack has become corrupted" (nodejs/node 38503). So there is no such limit here but the longest that the
 * SDK accepts, 49 days. A thread that does hang in a loop shows all the same: its task goes to another worker after 10 s.
 *
 * The option is not among the SDK's declared ones, so a test looks whether it is taken.
 */
export const SANDBOX = { isolateExecutionTimeout: 4_294_967_295 };

/**
 * The Temporal workers of one process: its own side's, with the rewards; one for the workflows (not the rewards) of the
 * other side, so that waiting, adoption and resolution go on while that side is away; and one for the cutover workflow.
 */
export async function createTemporalWorkers(options: TemporalWorkersOptions): Promise<readonly Worker[]> {
  const { connection, namespace, migration, side, ledgerSteps, inline, rewards, inFlight, stop } = options;
  // An eager start takes a slot from the request on, and its task keeps it until the server has its end: with as many as
  // there may be attempts at once, one is free. Idle pollers and tasks of running workflows take theirs beside them.
  const tasks = inFlight * 4;
  const shared = {
    connection,
    namespace,
    workflowBundle: await workflowBundle(),
    ...SANDBOX,
    shutdownGraceTime: stop.graceMs,
    shutdownForceTime: stop.forceMs,
  };
  const own = Worker.create({
    ...shared,
    taskQueue: sideTaskQueue(migration, side),
    activities: { ...ledgerSteps, ...inline, ...rewards },
    maxConcurrentWorkflowTaskExecutions: tasks,
    // One for each task that makes an attempt, and the others' steps beside them.
    maxConcurrentLocalActivityExecutions: tasks + inFlight * 2,
    maxConcurrentActivityTaskExecutions: tasks,
    // How many workflows it keeps in memory is left to the SDK, which goes by the heap's size.
  });
  const cross = Worker.create({
    ...shared,
    taskQueue: sideTaskQueue(migration, otherSide(side)),
    activities: { ...ledgerSteps, ...inline },
    enableNonLocalActivities: false,
    maxConcurrentWorkflowTaskExecutions: inFlight,
    maxConcurrentLocalActivityExecutions: inFlight,
    maxCachedWorkflows: 200,
  });
  const cutover = Worker.create({
    ...shared,
    taskQueue: cutoverTaskQueue(migration),
    activities: { ...options.cutoverActivities },
    maxConcurrentWorkflowTaskExecutions: 2,
    // A recovery takes its time, and the policy must not wait for it.
    maxConcurrentActivityTaskExecutions: 4,
    maxCachedWorkflows: 2,
  });
  return allOrNone(await Promise.allSettled([own, cross, cutover]));
}

/** One that was made holds on to its connection until it has run, and would keep the process alive. */
async function allOrNone(made: readonly PromiseSettledResult<Worker>[]): Promise<readonly Worker[]> {
  const workers = made.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const failed = made.find((result) => result.status === 'rejected');
  if (failed === undefined) return workers;
  await Promise.allSettled(workers.map((worker) => worker.runUntil(Promise.resolve())));
  throw failed.reason;
}

/** The bundle that the build made; from sources, where there is none, it is made now. */
async function workflowBundle(): Promise<WorkflowBundleOption> {
  const built = fileURLToPath(new URL('../../workflow-bundle.js', import.meta.url));
  if (existsSync(built)) return { codePath: built };
  return bundleWorkflowCode({ workflowsPath: fileURLToPath(new URL('../../workflows/index.ts', import.meta.url)) });
}
