import { join } from 'node:path';
import { toError } from '../../src/domain/errors.js';
import { seededNumbers } from '../../src/local/demo/plan.js';
import { readEnds } from './ends.js';
import { countInline } from './inline-first.js';
import { type Ground, Rig } from './rig.js';
import type { Scenario, ScenarioResult } from './scenario.js';
import type { Traffic } from './traffic/traffic.js';
import { replayHistories } from './verdict/histories.js';
import { type End, reachVerdict } from './verdict/verdict.js';

const SETTLE_MS = 90_000;
const CLOSING_MS = 45_000;
/** The latest effect of a request that was given up, and the time that the file takes to show it. */
const LATE_EFFECTS_MS = 1_200;
/** Committing is periodic, and a rebalance may come in between. */
const LAG_MS = 45_000;

export interface RunOptions {
  readonly ground: Ground;
  readonly traffic: Traffic;
  readonly scenario: Scenario;
  readonly seed: string;
  /** Nothing else is to be run, so that RocketMQ must be done with everything as well. */
  readonly isLast: boolean;
  /** Workers that ended by themselves since this was last called. */
  readonly takeDeaths: () => readonly Error[];
}

/** Runs one scenario, and judges what it has left behind once everything that it published has come to an end. */
export async function runScenario({
  ground,
  traffic,
  scenario,
  seed,
  isLast,
  takeDeaths,
}: RunOptions): Promise<ScenarioResult> {
  const { name, dispatch = 'activity', settleMs = SETTLE_MS } = scenario;
  const stream = traffic.stream(`${name}-${seed}`);
  const rig = new Rig(ground, stream, seededNumbers(`${seed}:${name}`));
  ground.workers.dispatch = dispatch;
  await attempt(rig, 'not everything was whole at the start', () => rig.makeWhole());
  const startedAt = performance.now();
  await attempt(rig, 'the scenario could not be carried out', () => scenario.drive(rig));

  const harmEndedAt = performance.now();
  await attempt(rig, 'not everything could be made whole', () => rig.makeWhole());
  const { published } = stream;
  await attempt(rig, 'not everything came to an end', async () => {
    await rig.until(
      async () => (await rig.countEnded(published)) === published.length,
      'settled or parked in the ledger',
      settleMs,
    );
  });
  const ends = new Map<string, End>();
  await attempt(rig, 'not everything came to an end', async () => {
    await rig.until(() => readMissing(ground, published, ends), 'ended in Temporal, and shown', CLOSING_MS);
  });
  const recoverySeconds = secondsSince(harmEndedAt);
  await attempt(rig, 'the Kafka group did not catch up', async () => {
    await rig.until(async () => (await ground.kafka.lag()) === 0, 'no lag of the group on Kafka', LAG_MS);
  });
  if (isLast) await attempt(rig, 'the RocketMQ group did not catch up', () => untilAcknowledged(rig));
  await rig.pause(LATE_EFFECTS_MS);
  for (const death of takeDeaths())
    rig.expect(scenario.mayEndWorkers === true, `a worker ended by itself: ${death.message}`);
  const finalEnds = await readEnds(ground.client, ground.ledger, published);
  await attempt(rig, 'the histories could not be replayed', async () => {
    const { client, folder } = ground;
    const unended = new Set(published.filter((id) => !finalEnds.has(id)));
    const kept = join(folder, 'histories', `${name}-${seed}`);
    rig.broken.push(...(await replayHistories({ client, workflowIds: published, unended, folder: kept })));
  });
  return reachVerdict({
    scenario,
    seed,
    published,
    resent: rig.resent,
    poisonBodies: stream.poison.map(({ body }) => body),
    provider: ground.provider.entries(),
    ends: finalEnds,
    ...(dispatch === 'inline-first' && { inline: await countInline(ground.client, published) }),
    fired: rig.book,
    broken: rig.broken,
    seconds: secondsSince(startedAt),
    recoverySeconds,
  });
}

/** What a dead worker had in hand comes again when its time is up, so this is asked only once, at the end of a run. */
async function untilAcknowledged(rig: Rig): Promise<void> {
  const { rocketmq } = rig.ground;
  await rig.until(async () => (await rocketmq.lag()) === 0, 'no lag of the group on RocketMQ', LAG_MS);
  const givenUp = await rocketmq.givenUp();
  rig.expect(givenUp === 0, `RocketMQ itself has given up on ${givenUp} messages`);
}

/** The ledger is ahead of Temporal: a workflow that a dead worker had in hand is another's after 10 s at the earliest. */
async function readMissing(ground: Ground, published: readonly string[], ends: Map<string, End>): Promise<boolean> {
  const missing = published.filter((id) => !ends.has(id));
  for (const [id, end] of await readEnds(ground.client, ground.ledger, missing)) ends.set(id, end);
  return ends.size === published.length;
}

/** What fails is a finding like any other, as long as the run is not to end. */
async function attempt(rig: Rig, failure: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    rig.ground.signal.throwIfAborted();
    rig.broken.push(`${failure}: ${toError(error).message}`);
  }
}

function secondsSince(time: number): number {
  return Math.round((performance.now() - time) / 100) / 10;
}
