import type { Rig } from '../../rig.js';
import type { Scenario } from '../../scenario.js';

const REWOUND = 'the Kafka group is sent back to the first message that the topic holds';

/** Everything that Kafka ever had comes again, what earlier scenarios published included. */
export const replay: Scenario = {
  name: 'replay',
  promises: ['P1', 'P2'],
  covers: [9, 37],
  faults: [REWOUND],
  leastGranted: 20,
  set: 'short',
  async drive(rig) {
    const { workers, kafka, provider } = rig.ground;
    const ids = await rig.stream.sendNew(20);
    await rig.until(async () => (await rig.countEnded(ids)) === ids.length, 'they have come to an end');
    await rig.until(async () => (await kafka.lag()) === 0, 'the Kafka group has caught up');
    const calls = provider.entries().length;
    await workers.stop(workers.only('kafka'));
    await rig.until(async () => (await kafka.group()).members === 0, 'the Kafka group is empty');
    await kafka.rewind();
    const lag = await kafka.lag();
    await workers.start('kafka');
    await rig.until(async () => (await kafka.lag()) === 0, 'all of it has been consumed again', 90_000);
    rig.fired(REWOUND, lag);
    await rig.pause(1_000);
    expectNoCalls(rig, calls);
  },
};

function expectNoCalls(rig: Rig, before: number): void {
  const more = rig.ground.provider.entries().length - before;
  rig.expect(more === 0, `${more} calls were made for what had come to an end`);
}
