import type { Rig } from '../../rig.js';
import type { Scenario } from '../../scenario.js';

const KAFKA = 'Kafka is killed, and comes back';
const ROCKETMQ = 'RocketMQ is killed, and comes back';
const SILENT = 'RocketMQ stands still for longer than its messages stay invisible';

const AWAY_MS = 4_000;
/** A message that was handed out is invisible to others for 15 s. */
const STANDS_STILL_MS = 17_000;

/** Each broker in turn goes away with deliveries handed out. */
export const brokerRestarts: Scenario = {
  name: 'broker-restarts',
  promises: ['P1', 'P2', 'P3'],
  covers: [5],
  faults: [KAFKA, ROCKETMQ, SILENT],
  leastGranted: 50,
  set: 'long',
  settleMs: 180_000,
  async drive(rig) {
    const { services, signal } = rig.ground;
    for (const [service, fault] of [
      ['kafka', KAFKA],
      ['rocketmq', ROCKETMQ],
    ] as const) {
      await handOut(rig);
      await services.stop(service, 'at once');
      rig.fired(fault);
      await rig.pause(AWAY_MS);
      await services.makeWhole(signal);
      await rig.stream.sendNew(10);
    }
    await handOut(rig);
    services.pause('rocketmq');
    await rig.pause(STANDS_STILL_MS);
    services.resume('rocketmq');
    rig.fired(SILENT);
  },
};

/** Publishes, and leaves the deliveries no time to be acknowledged. */
async function handOut(rig: Rig): Promise<void> {
  const ids = await rig.stream.sendNew(15);
  await rig.until(
    async () => (await rig.ground.ledger.states(ids)).some((state) => state !== undefined),
    'one is routed',
  );
}
