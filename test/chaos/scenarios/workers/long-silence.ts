import { SIDES } from '../../../../src/domain/side.js';
import type { Rig } from '../../rig.js';
import type { Scenario } from '../../scenario.js';
import { sendSteadily } from '../../traffic/send-steadily.js';

const REDIS = 'Redis says nothing for 20 s under load';
const TEMPORAL = 'Temporal says nothing for 30 s under load';
const PER_SECOND = 50;
const SECONDS = 20;

/** A service takes what it is sent and answers nothing, while its connections stay up and messages keep coming. */
export const longSilence: Scenario = {
  name: 'long-silence',
  promises: ['P1', 'P2', 'P3'],
  covers: [13, 17],
  faults: [REDIS, TEMPORAL],
  // A call that was under way has nobody to tell its outcome to, and is parked.
  leastGranted: PER_SECOND * SECONDS * 1.5,
  set: 'long',
  settleMs: 300_000,
  async drive(rig) {
    await silence(rig, 'redis', 20_000, REDIS);
    await silence(rig, 'temporal', 30_000, TEMPORAL);
  },
};

async function silence(rig: Rig, service: 'redis' | 'temporal', forMs: number, fault: string): Promise<void> {
  const links = rig.ground.links.to(service);
  const held = (): number => links.reduce((sum, { counts }) => sum + counts.held, 0);
  const before = held();
  await Promise.all([
    sendSteadily(rig, PER_SECOND * SECONDS, PER_SECOND),
    (async () => {
      await rig.pause(5_000);
      for (const link of links) link.hold('requests', 'answers');
      await rig.pause(forMs);
      for (const link of links) link.heal();
    })(),
  ]);
  rig.fired(fault, held() - before);
  const ready = async (): Promise<boolean> => rig.ground.workers.areReady();
  await rig.until(ready, `the workers of ${SIDES.join(' and ')} are ready again`, 120_000);
}
