import type { Scenario } from '../../scenario.js';

const LAPSED = 'a worker stands still until what it has in hand is handed to another';

/** A message that was handed out is invisible to others for 15 s, unless its worker renews that. */
const LAPSES_MS = 17_000;

/** The second worker gets the same deliveries from RocketMQ; the first wakes up and acknowledges what is not its own. */
export const lapsedLease: Scenario = {
  name: 'lapsed-lease',
  promises: ['P1', 'P2'],
  covers: [5],
  faults: [LAPSED],
  leastGranted: 15,
  set: 'long',
  async drive(rig) {
    const { workers, links } = rig.ground;
    const { temporal } = links.bySide.rocketmq;
    const worker = workers.only('rocketmq');
    temporal.hold('answers');
    const ids = await rig.stream.send(rig.stream.ownedAtHalf('rocketmq', 10), ['rocketmq']);
    await rig.until(() => rig.hasWorkflow(ids[0] ?? ''), 'Temporal has one of them');
    workers.pause(worker);
    const since = performance.now();
    temporal.heal();
    await workers.start('rocketmq');
    await rig.pause(Math.max(0, LAPSES_MS - (performance.now() - since)));
    workers.resume(worker);
    rig.fired(LAPSED, ids.length);
    await rig.stream.sendNew(10);
    await rig.stream.send(ids, ['kafka']);
  },
};
