import { SIDES, type Side } from '../../../../src/domain/side.js';
import type { Rig } from '../../rig.js';
import type { Scenario } from '../../scenario.js';

const SLOW = 'answers late';
const RESET = 'loses its connections';
const LOST = 'has an answer lost, and the connection reset';

/** The way to the brokers: a fetch, a commit or an acknowledgement that was carried out need not be heard of. */
export const brokerLinks: Scenario = {
  name: 'broker-links',
  promises: ['P1', 'P2', 'P3'],
  covers: [6],
  faults: SIDES.flatMap((side) => [SLOW, RESET, LOST].map((fault) => `${side} ${fault}`)),
  leastGranted: 40,
  set: 'long',
  async drive(rig) {
    const { links } = rig.ground;
    await Promise.all(SIDES.map((side) => loseAnswers(rig, side)));
    links.heal();
    for (const link of links.to('broker')) link.slow(400);
    const slowed = SIDES.map((side) => links.bySide[side].broker.counts.held);
    await rig.stream.sendNew(16);
    await rig.pause(3_000);
    links.heal();
    for (const [nth, side] of SIDES.entries())
      rig.fired(`${side} ${SLOW}`, links.bySide[side].broker.counts.held - (slowed[nth] ?? 0));
    await rig.stream.sendNew(10);
  },
};

async function loseAnswers(rig: Rig, side: Side): Promise<void> {
  const { broker } = rig.ground.links.bySide[side];
  const { lost, reset } = broker.counts;
  for (let time = 0; time < 5; time += 1) {
    await rig.stream.sendNew(3);
    await rig.pause(rig.draw() * 300);
    broker.loseAnswers(1);
    await rig.pause(600 + rig.draw() * 600);
    broker.reset();
  }
  rig.fired(`${side} ${LOST}`, broker.counts.lost - lost);
  rig.fired(`${side} ${RESET}`, broker.counts.reset - reset);
}
