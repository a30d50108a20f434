import { SIDES } from '../../../../src/domain/side.js';
import type { Rig } from '../../rig.js';
import type { Scenario } from '../../scenario.js';
import { catchSending } from '../../traffic/catch-sending.js';

const KILLED_BEFORE_WRITE = 'killed between the record that it sends and the request';
const KILLED_AFTER_GRANT = "killed between the provider's answer and its report";

/** A crash around the one thing that cannot be taken back. What may have been sent is parked, and never sent again. */
export const killAroundTheCall: Scenario = {
  name: 'kill-around-the-call',
  promises: ['P1', 'P2'],
  covers: [18, 19],
  faults: SIDES.flatMap((side) => [`${side} worker ${KILLED_BEFORE_WRITE}`, `${side} worker ${KILLED_AFTER_GRANT}`]),
  leastGranted: 20,
  set: 'short',
  async drive(rig) {
    await killBeforeWrite(rig);
    await killAfterGrant(rig);
    await rig.stream.sendNew(20);
  },
};

/** The ledger has `sending`, and its answer, without which nothing is written, is on its way. */
async function killBeforeWrite(rig: Rig): Promise<void> {
  const { workers, links, ledger, provider } = rig.ground;
  const caught = await Promise.all(
    SIDES.map(async (side) => {
      const ids = await catchSending(rig, side, rig.stream.ownedAtHalf(side, 8));
      await workers.kill(workers.only(side));
      rig.fired(`${side} worker ${KILLED_BEFORE_WRITE}`, ids.length);
      return ids;
    }),
  );
  links.heal();
  await Promise.all(SIDES.map((side) => workers.start(side)));
  const ids = caught.flat();
  const areParked = async (): Promise<boolean> => (await ledger.states(ids)).every((state) => state === 'parked');
  await rig.until(areParked, 'what may have been sent is parked', 60_000);
  rig.expect(provider.callsFor(ids).length === 0, 'something was sent that the crash had kept from being sent');
  // The provider has no trace of them, so a person has them sent: now they have their one effect.
  await Promise.all(ids.map((id) => rig.resend(id)));
}

/** The worker knows that the reward was given, and cannot tell anyone. */
async function killAfterGrant(rig: Rig): Promise<void> {
  const { workers, links, provider } = rig.ground;
  await provider.setFaults({ slow: 1 });
  await Promise.all(
    SIDES.map(async (side) => {
      const { redis, temporal, provider: toProvider } = links.bySide[side];
      const ids = await rig.stream.send(rig.stream.ownedAtHalf(side, 6));
      await rig.until(() => provider.callsFor(ids).length > 0, `${side} has called the provider`);
      // One side's outcome is nowhere but in its memory, the other's is in the ledger.
      if (side === 'kafka') redis.hold('requests');
      temporal.hold('requests');
      const before = toProvider.counts.answers;
      await rig.until(() => toProvider.counts.answers > before, `${side} has its answer`);
      await workers.kill(workers.only(side));
      rig.fired(`${side} worker ${KILLED_AFTER_GRANT}`, toProvider.counts.answers - before);
    }),
  );
  links.heal();
  await provider.setFaults({});
  await Promise.all(SIDES.map((side) => workers.start(side)));
}
