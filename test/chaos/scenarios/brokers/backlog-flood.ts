import { SIDES } from '../../../../src/domain/side.js';
import type { Scenario } from '../../scenario.js';

const BACKLOG = 'messages wait on both brokers with nobody to consume them';

const MESSAGES = 1_500;
const AT_A_TIME = 100;

/** Both sides are away while messages pile up, and then get all of them at once. */
export const backlogFlood: Scenario = {
  name: 'backlog-flood',
  promises: ['P1', 'P2', 'P3'],
  covers: [32],
  faults: [BACKLOG],
  leastGranted: MESSAGES * 0.95,
  set: 'long',
  settleMs: 900_000,
  async drive(rig) {
    const { workers, kafka } = rig.ground;
    await Promise.all(SIDES.map((side) => workers.stop(workers.only(side))));
    for (let sent = 0; sent < MESSAGES; sent += AT_A_TIME) await rig.stream.sendNew(AT_A_TIME);
    rig.fired(BACKLOG, await kafka.lag());
  },
};
