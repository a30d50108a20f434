import type { Side } from '../../../../src/domain/side.js';
import type { Rig } from '../../rig.js';
import type { Scenario } from '../../scenario.js';

const FORGOTTEN = 'Redis forgets everything';
const OLDER = 'Redis comes back with an older state';
const WITH_ITS_WORKER = 'a worker is killed with calls under way, and Redis forgets them before anybody has asked';

/** Loss of all records or of the newest, with messages in flight: noticed, held, rebuilt. It may park; it must never pay twice. */
export const redisAmnesia: Scenario = {
  name: 'redis-amnesia',
  promises: ['P1', 'P2', 'P4'],
  covers: [14],
  faults: [FORGOTTEN, OLDER, WITH_ITS_WORKER],
  leastGranted: 40,
  set: 'long',
  async drive(rig) {
    const { redis, services, links, ledger, signal } = rig.ground;
    const settled = await settle(rig);
    await inFlight(rig);
    await redis.call('FLUSHALL');
    rig.fired(FORGOTTEN, settled.length);
    await rig.stream.sendNew(5);
    await untilWhole(rig);
    const comeBack = await services.keepRedis();
    const since = await settle(rig);
    await inFlight(rig);
    // Nobody may rebuild it before it was looked at.
    for (const link of links.to('redis')) link.refuse();
    await comeBack();
    await services.makeWhole(signal);
    const states = await ledger.states(since);
    rig.fired(OLDER, states.filter((state) => state !== 'settled').length);
    links.heal();
    await untilWhole(rig);
    await forgetWithItsWorker(rig, rig.draw() < 0.5 ? 'kafka' : 'rocketmq');
    // The other copies of what was settled before come late.
    await rig.stream.send([...settled, ...since]);
    await rig.stream.sendNew(10);
  },
};

async function settle(rig: Rig): Promise<readonly string[]> {
  await rig.ground.provider.setFaults({});
  const ids = await rig.stream.sendNew(10);
  await rig.until(async () => (await rig.countEnded(ids)) === ids.length, 'some are settled');
  return ids;
}

async function inFlight(rig: Rig): Promise<void> {
  const { provider } = rig.ground;
  await provider.setFaults({ slow: 0.5, '503': 0.2 });
  const ids = await rig.stream.sendNew(12);
  await rig.until(() => provider.callsFor(ids).length > 0, 'the provider was called');
}

/** Of what was asked for neither the process nor the ledger is left to tell. */
async function forgetWithItsWorker(rig: Rig, side: Side): Promise<void> {
  const { provider, workers, redis } = rig.ground;
  await provider.setFaults({ slow: 1 });
  const ids = await rig.stream.send(rig.stream.ownedAtHalf(side, 6));
  await rig.until(() => provider.callsFor(ids).length > 0, 'the provider was called');
  await workers.kill(workers.only(side));
  await redis.call('FLUSHALL');
  rig.fired(WITH_ITS_WORKER, provider.callsFor(ids).length);
  await untilWhole(rig);
  await workers.start(side);
}

async function untilWhole(rig: Rig): Promise<void> {
  const { provider, workers } = rig.ground;
  await provider.setFaults({});
  // They look at the ledger every second.
  await rig.until(async () => !(await workers.areReady()), 'the workers hold', 10_000);
  await rig.until(() => workers.areReady(), 'the ledger is rebuilt', 60_000);
}
