import type { Rig } from '../../rig.js';
import type { Scenario } from '../../scenario.js';
import type { Worker } from '../../workers.js';

const REBALANCED = 'the Kafka group is rebalanced';
const STOPPED = 'a worker is told to stop with calls under way';
const SKEWED = 'a worker runs with its clock ten minutes wrong';

const TEN_MINUTES_MS = 10 * 60_000;
/** The drain, the attempts under way and the closing of connections. */
const STOPS_WITHIN_MS = 40_000;

/** Workers come and go while messages do, as in a deploy on a busy day, and their clocks do not agree. */
export const rollingWorkers: Scenario = {
  name: 'rolling-workers',
  promises: ['P1', 'P2', 'P3'],
  covers: [3, 23, 25],
  faults: [REBALANCED, STOPPED, SKEWED],
  leastGranted: 50,
  set: 'short',
  async drive(rig) {
    await rig.ground.provider.setFaults({ slow: 0.3 });
    await rig.during(
      (done) => publishUntil(rig, done),
      () => comeAndGo(rig),
    );
    // The last one on Kafka has a wrong clock, and gets something to do on its own.
    await rig.stream.sendNew(10);
  },
};

async function comeAndGo(rig: Rig): Promise<void> {
  const { workers, kafka } = rig.ground;
  const first = workers.only('kafka');
  const added = await Promise.all([
    workers.start('kafka', { skewMs: TEN_MINUTES_MS }),
    workers.start('kafka', { skewMs: -TEN_MINUTES_MS }),
    workers.start('rocketmq', { skewMs: TEN_MINUTES_MS }),
  ]);
  rig.fired(SKEWED, added.length);
  await rig.until(async () => (await kafka.group()).members === 3, 'three are in the Kafka group');
  rig.fired(REBALANCED, 2);
  await Promise.all([first, ...added.slice(1)].map((worker) => stop(rig, worker)));
  await rig.until(async () => (await kafka.group()).members === 1, 'one is left in the Kafka group');
  rig.fired(REBALANCED, 2);
}

/** Often enough for a machine on which workers come and go in a few seconds. */
async function publishUntil(rig: Rig, done: AbortSignal): Promise<void> {
  while (!done.aborted) {
    await rig.stream.sendNew(5);
    await rig.pause(500);
  }
}

async function stop(rig: Rig, worker: Worker): Promise<void> {
  const tookMs = await rig.ground.workers.stop(worker);
  rig.fired(STOPPED);
  rig.expect(tookMs < STOPS_WITHIN_MS, `${worker.child.name} took ${Math.round(tookMs / 1_000)} s to stop`);
}
