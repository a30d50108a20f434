import { otherSide, SIDES, type Side } from '../../../../src/domain/side.js';
import type { Rig } from '../../rig.js';
import type { Scenario } from '../../scenario.js';

const BURST = 'a burst of messages is published to one broker only';

const MESSAGES = 1_000;
const AT_A_TIME = 200;
/** Published to both brokers right behind the burst. */
const OWN_MESSAGES = 20;

/**
 * Half of a double write fails for a thousand messages at once, and the side that has them owns none of them. Each is adopted
 * once the owner is proved past it, and what the side owns itself is not held up behind them for good.
 */
export const HALF_WRITES: readonly Scenario[] = SIDES.map((side) => ({
  name: `half-writes-${side}`,
  promises: ['P1', 'P2', 'P4'],
  covers: [28, 36],
  faults: [BURST],
  leastGranted: MESSAGES,
  set: 'long',
  settleMs: 300_000,
  drive: (rig) => burst(rig, side),
}));

async function burst(rig: Rig, side: Side): Promise<void> {
  const owner = otherSide(side);
  await rig.setPercentage(owner === 'rocketmq' ? 100 : 0);
  for (let sent = 0; sent < MESSAGES; sent += AT_A_TIME) await rig.stream.send(rig.stream.draw(AT_A_TIME), [side]);
  rig.fired(BURST, MESSAGES);
  await rig.setPercentage(owner === 'rocketmq' ? 0 : 100);
  const own = await rig.stream.sendNew(OWN_MESSAGES);
  const settled = async (): Promise<boolean> =>
    (await rig.ground.ledger.states(own)).every((state) => state === 'settled');
  await rig.until(settled, `what ${side} owns is rewarded behind the burst`, 120_000);
}
