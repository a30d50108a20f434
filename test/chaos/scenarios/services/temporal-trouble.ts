import type { Rig } from '../../rig.js';
import type { Scenario } from '../../scenario.js';

const SLOW = 'Temporal answers late';
const LOST = 'an answer of Temporal is lost, and its connection reset';
const DOWN = 'Temporal is killed, and comes back';

/** A start that was accepted and not heard of must neither be forgotten nor make a second workflow. */
export const temporalTrouble: Scenario = {
  name: 'temporal-trouble',
  promises: ['P1', 'P2', 'P3', 'P6'],
  covers: [17],
  faults: [SLOW, LOST, DOWN],
  leastGranted: 40,
  set: 'short',
  async drive(rig) {
    await onTheWire(rig);
    await down(rig);
  },
};

async function onTheWire(rig: Rig): Promise<void> {
  const links = rig.ground.links.to('temporal');
  const sum = (of: 'held' | 'lost'): number => links.reduce((total, link) => total + link.counts[of], 0);
  const [held, lost] = [sum('held'), sum('lost')];
  for (let time = 0; time < 6; time += 1) {
    await rig.stream.sendNew(4);
    await rig.pause(100 + rig.draw() * 150);
    for (const link of links) link.loseAnswers(1);
    await rig.pause(300);
  }
  for (const link of links) link.slow(700);
  await rig.stream.sendNew(16);
  await rig.pause(2_500);
  for (const link of links) link.heal();
  rig.fired(SLOW, sum('held') - held);
  rig.fired(LOST, sum('lost') - lost);
}

async function down(rig: Rig): Promise<void> {
  const { services, signal, kafka, provider } = rig.ground;
  // Some are in the middle of their call when it happens.
  await provider.setFaults({ slow: 0.5 });
  const ids = await rig.stream.sendNew(10);
  await rig.until(() => provider.callsFor(ids).length > 0, 'the provider was called');
  await services.stop('temporal', 'at once');
  rig.fired(DOWN);
  await provider.setFaults({});
  await rig.pause(1_000);
  const before = await kafka.committed();
  await rig.stream.sendNew(10);
  await rig.pause(3_000);
  rig.expect((await kafka.committed()) === before, 'the Kafka group committed something while there was no Temporal');
  await services.makeWhole(signal);
}
