import type { Scenario } from '../scenario.js';

const FORGOTTEN = 'Redis forgets everything';

/** FLUSHALL with messages in flight: noticed, held, rebuilt. It may park messages; it must never pay twice. */
export const redisAmnesia: Scenario = {
  name: 'redis-amnesia',
  promises: ['P1', 'P2', 'P4'],
  covers: [14],
  faults: [FORGOTTEN],
  leastGranted: 30,
  set: 'long',
  async drive(rig) {
    const { redis, provider } = rig.ground;
    const settled = await rig.stream.sendNew(10);
    await rig.until(async () => (await rig.countEnded(settled)) === settled.length, 'some are settled');
    await provider.setFaults({ slow: 0.5, '503': 0.2 });
    for (let time = 0; time < 2; time += 1) {
      const ids = await rig.stream.sendNew(15);
      await rig.until(() => provider.callsFor(ids).length > 0, 'the provider was called');
      await redis.call('FLUSHALL');
      rig.fired(FORGOTTEN);
      await rig.stream.sendNew(5);
      await rig.pause(4_000);
    }
    // The other copies of what was settled before come late.
    await rig.stream.send(settled);
  },
};
