import type { Rig } from '../../rig.js';
import type { Scenario } from '../../scenario.js';

const LOWERED = 'the percentage is lowered to 0 with messages in flight';
const SWITCHED_OFF = 'the switch is turned off with messages in flight';
const TAKEN_AWAY = 'the new side is taken away for good';

/** Back from every stage, with messages in flight, and at last without the new side. */
export const rollback: Scenario = {
  name: 'rollback',
  promises: ['P1', 'P2', 'P4', 'P7'],
  covers: [10, 31],
  faults: [LOWERED, SWITCHED_OFF, TAKEN_AWAY],
  leastGranted: 70,
  set: 'long',
  async drive(rig) {
    const { workers } = rig.ground;
    for (const percentage of [10, 50, 100]) {
      await inFlightAt(rig, percentage);
      await rig.setPercentage(0);
      rig.fired(LOWERED);
      await inFlightAt(rig, percentage);
      await rig.switch('off');
      rig.fired(SWITCHED_OFF);
      await rig.stream.sendNew(5);
      await rig.switch('on');
    }
    const ids = await inFlightAt(rig, 100);
    await workers.kill(workers.only('rocketmq'));
    rig.fired(TAKEN_AWAY);
    await rig.switch('off');
    const more = await rig.stream.sendNew(10);
    await rig.until(async () => (await rig.countEnded(more)) === more.length, 'kafka goes on alone', 60_000);
    rig.expect(ids.length > 0, 'nothing was in flight when the new side was taken away');
  },
};

async function inFlightAt(rig: Rig, percentage: number): Promise<readonly string[]> {
  await rig.setPercentage(percentage);
  await rig.ground.provider.setFaults({ slow: 0.4 });
  const ids = await rig.stream.sendNew(12);
  await rig.until(() => rig.ground.provider.callsFor(ids).length > 0, 'the provider was called');
  return ids;
}
