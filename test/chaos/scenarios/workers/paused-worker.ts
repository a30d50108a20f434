import { otherSide, type Side } from '../../../../src/domain/side.js';
import type { Rig } from '../../rig.js';
import type { Scenario } from '../../scenario.js';
import { catchSending } from '../../traffic/catch-sending.js';

const PAUSED_BEFORE_WRITE =
  'a worker is stopped right before it writes the request, for longer than its attempt may last';
const PAUSED_IN_CALL = 'a worker is stopped with calls under way, for longer than they may last';

/** A process that stands still, is taken for dead, is replaced, and goes on as if nothing had happened. */
export const pausedWorker: Scenario = {
  name: 'paused-worker',
  promises: ['P1', 'P2', 'P4'],
  covers: [21, 22],
  faults: [PAUSED_BEFORE_WRITE, PAUSED_IN_CALL],
  leastGranted: 10,
  set: 'short',
  async drive(rig) {
    // By the seed, as each takes its time.
    const side = rig.draw() < 0.5 ? 'kafka' : 'rocketmq';
    await Promise.all([pauseBeforeWrite(rig, side), pauseInCall(rig, otherSide(side))]);
    await rig.stream.sendNew(10);
  },
};

/** Its successor parks what it may have sent; and when it wakes up with the ledger's leave in hand, it must not send. */
async function pauseBeforeWrite(rig: Rig, side: Side): Promise<void> {
  const { workers, links, ledger, provider } = rig.ground;
  const worker = workers.only(side);
  const ids = await catchSending(rig, side, rig.stream.ownedAtHalf(side, 6));
  workers.pause(worker);
  links.bySide[side].redis.heal();
  await workers.start(side);
  const areParked = async (): Promise<boolean> => (await ledger.states(ids)).every((state) => state === 'parked');
  await rig.until(areParked, 'the successor has parked what may have been sent', 60_000);
  workers.resume(worker);
  rig.fired(PAUSED_BEFORE_WRITE, ids.length);
  await rig.pause(2_000);
  rig.expect(provider.callsFor(ids).length === 0, `the ${side} worker sent something past its deadline`);
  await Promise.all(ids.map((id) => rig.resend(id)));
}

/** The provider grants; the successor does not know it, and the one that knows wakes up too late. */
async function pauseInCall(rig: Rig, side: Side): Promise<void> {
  const { workers, provider, ledger } = rig.ground;
  const worker = workers.only(side);
  await provider.setFaults({ slow: 1 });
  const ids = await rig.stream.send(rig.stream.ownedAtHalf(side, 6));
  await rig.until(() => provider.callsFor(ids).length > 0, `${side} has called the provider`);
  workers.pause(worker);
  const states = await ledger.states(ids);
  rig.fired(PAUSED_IN_CALL, states.filter((state) => state === 'sending').length);
  await workers.start(side);
  await rig.until(async () => (await rig.countEnded(ids)) > 0, 'the successor has parked what was granted', 60_000);
  workers.resume(worker);
}
