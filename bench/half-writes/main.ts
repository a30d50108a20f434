/**
 * How long half writes take. `npx tsx bench/half-writes/main.ts --instance NAME --side kafka --percentage 100 --messages 2000`
 * publishes so many messages to one broker only, in one burst, while both sides work with the shipped settings, and measures
 * the rate of whole double writes in the same run. The stack must be up: `handover up --instance NAME`.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { isSide, type Side } from '../../src/domain/side.js';
import { readStack } from '../../src/local/stack/state.js';
import { type LiveMigration, startLiveMigration } from '../../test/support/live-migration.js';
import type { WorkerProcess } from '../../test/support/worker-process.js';
import { Grants } from '../grants.js';
import { percentiles, rateOf } from '../measure/statistics.js';
import { describeStages } from './stages.js';

const AT_ONCE = 200;
const WARM_UP = 200;
const STEADY = 600;
/** The sides' own traffic during the burst, messages a second. */
const OWN_RATE = 5;
const LOOK_MS = 1_000;
const REPORT_MS = 10_000;
const LONGEST_STEADY_MS = 300_000;

interface Ground {
  readonly live: LiveMigration;
  readonly grants: Grants;
  readonly workers: readonly WorkerProcess[];
}

interface Sent {
  readonly ids: readonly string[];
  /** ms since the epoch, of the first one. */
  readonly from: number;
}

async function publish({ live }: Ground, count: number, sides?: readonly Side[]): Promise<Sent> {
  const from = Date.now();
  const ids: string[] = [];
  while (ids.length < count) {
    const batch = Array.from({ length: Math.min(AT_ONCE, count - ids.length) }, () =>
      live.publish(sides === undefined ? {} : { sides }),
    );
    ids.push(...(await Promise.all(batch)));
  }
  return { ids, from };
}

/** Waits until all are granted, or for so long; returns how many are not. */
async function awaitGrants(ground: Ground, ids: readonly string[], limitMs: number, label: string): Promise<number> {
  const from = Date.now();
  let reported = from;
  ground.grants.await(ids);
  while (ground.grants.come() < ids.length && Date.now() - from < limitMs) {
    if (Date.now() - reported > REPORT_MS) {
      reported = Date.now();
      const stages = await describeStages(ground.workers);
      console.error(`${label}: ${ground.grants.come()} of ${ids.length} after ${secondsSince(from)} s; ${stages}`);
    }
    await pause(LOOK_MS);
  }
  return ids.length - ground.grants.come();
}

/** Messages a second, from the first one published to the last one granted. */
async function measureSteadyRate(ground: Ground): Promise<number> {
  const { ids, from } = await publish(ground, STEADY);
  await awaitGrants(ground, ids, LONGEST_STEADY_MS, 'whole double writes');
  return rateOf([...ground.grants.of(ids).values()], from);
}

/** Publishes whole double writes at a steady rate until it is stopped; returns when each was published. */
function publishOwn({ live }: Ground): { stop(): Promise<ReadonlyMap<string, number>> } {
  const publishedAt = new Map<string, number>();
  let stopped = false;
  const publishing = (async () => {
    while (!stopped) {
      const at = Date.now();
      publishedAt.set(await live.publish(), at);
      await pause(1_000 / OWN_RATE);
    }
  })();
  return {
    async stop() {
      stopped = true;
      await publishing;
      return publishedAt;
    },
  };
}

const secondsSince = (from: number, until = Date.now()): number => Math.round((until - from) / 100) / 10;

async function measure(ground: Ground, side: Side, messages: number): Promise<object> {
  const { grants, workers } = ground;
  await awaitGrants(ground, (await publish(ground, WARM_UP)).ids, LONGEST_STEADY_MS, 'warm-up');
  const rate = await measureSteadyRate(ground);
  const budgetS = 60 + messages / (rate / 2);
  console.error(`steady rate ${rate.toFixed(1)}/s: the burst of ${messages} has ${budgetS.toFixed(0)} s`);
  const own = publishOwn(ground);
  const { ids, from } = await publish(ground, messages, [side]);
  const left = await awaitGrants(ground, ids, budgetS * 1_500, 'burst');
  const last = Math.max(from, ...grants.of(ids).values());
  const publishedAt = await own.stop();
  const ownLeft = await awaitGrants(ground, [...publishedAt.keys()], LONGEST_STEADY_MS, 'own traffic');
  const waits = [...grants.of([...publishedAt.keys()])].map(([id, at]) => at - (publishedAt.get(id) ?? at));
  return {
    rate: Number(rate.toFixed(1)),
    budgetS: Math.round(budgetS),
    tookS: secondsSince(from, last),
    left,
    twice: grants.twice().length,
    open: await countOpen(ground),
    own: { left: ownLeft, ...percentiles(waits), longest: Math.max(0, ...waits) },
    // Attempts of which Temporal had no word, and that the ledger showed as not begun.
    neverBegun: workers.reduce((sum, worker) => sum + worker.log().split('ended without a word; the').length - 1, 0),
    stalled: workers.filter((worker) => worker.log().includes('intake-stalled')).map((worker) => worker.side),
  };
}

/** Runs that are not through yet, though their messages are granted. */
async function countOpen({ live }: Ground): Promise<number> {
  const { count } = await live.client.workflow.count("ExecutionStatus = 'Running' AND WorkflowType = 'message'");
  return count;
}

const { values: flags } = parseArgs({
  options: {
    instance: { type: 'string' },
    side: { type: 'string', default: 'kafka' },
    percentage: { type: 'string', default: '100' },
    messages: { type: 'string', default: '2000' },
  },
});
const { side, instance } = flags;
const [percentage, messages] = [Number(flags.percentage), Number(flags.messages)];
const stack = instance === undefined ? undefined : readStack(instance);
if (stack === undefined) throw new Error('--instance must name a stack that is up');
if (!isSide(side)) throw new Error('--side is kafka or rocketmq');

const live = await startLiveMigration(stack, {}, {});
try {
  const workers = await Promise.all([live.startWorker('kafka'), live.startWorker('rocketmq')]);
  await live.setPolicy('setConsumption', { consumption: 'on' });
  await live.setPolicy('setPercentage', { hundredths: percentage * 100 });
  const result = await measure({ live, workers, grants: new Grants(live.ledgerFile) }, side, messages);
  console.log(JSON.stringify({ side, percentage, messages, ...result }));
} finally {
  await live.close();
}
