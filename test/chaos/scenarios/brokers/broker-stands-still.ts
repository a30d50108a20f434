import { SIDES, type Side } from '../../../../src/domain/side.js';
import type { Scenario } from '../../scenario.js';
import { sendSteadily } from '../../traffic/send-steadily.js';

const PER_SECOND = 100;
const MESSAGES = 1_000;
const STANDS_STILL_MS = 120_000;

const faultOf = (side: Side): string => `the broker of ${side} stands still for 2 minutes under load`;

/** Each broker in turn is stopped for 2 minutes while its worker lives, and 100 messages a second are being published. */
export const brokerStandsStill: Scenario = {
  name: 'broker-stands-still',
  promises: ['P1', 'P2', 'P3'],
  covers: [5, 6],
  faults: SIDES.map(faultOf),
  leastGranted: SIDES.length * MESSAGES * 0.95,
  set: 'long',
  settleMs: 600_000,
  async drive(rig) {
    const { services } = rig.ground;
    for (const side of SIDES) {
      const publishing = sendSteadily(rig, MESSAGES, PER_SECOND);
      await rig.pause((MESSAGES / PER_SECOND / 2) * 1_000);
      services.pause(side);
      await rig.pause(STANDS_STILL_MS);
      services.resume(side);
      rig.fired(faultOf(side));
      await publishing;
    }
  },
};
