import { drawFault, FAULTS, type FaultRates } from '../../../../src/local/simulator/faults.js';
import type { Rig } from '../../rig.js';
import type { Scenario } from '../../scenario.js';

const REFUSED = 'the provider cannot be reached';
const RESET = 'a connection to the provider is reset in the middle of a call';
const DRIP = 'the provider answers later than a call may last';

const OWN_SEED = '1';
const RATES: FaultRates = Object.fromEntries(FAULTS.map((fault) => [fault, 1 / FAULTS.length]));

/** Everything that a provider and the way to it can do. What may have been granted is parked, and nothing is repeated blindly. */
export const providerFaults: Scenario = {
  name: 'provider-faults',
  promises: ['P1', 'P2', 'P6'],
  covers: [20],
  faults: [...FAULTS, REFUSED, RESET, DRIP],
  leastGranted: 24,
  set: 'short',
  async drive(rig) {
    const { provider } = rig.ground;
    await provider.setFaults(RATES);
    const ids = await rig.stream.send(FAULTS.flatMap((fault) => hitBy(rig, fault, 2)));
    const called = (): Set<string> => new Set(provider.callsFor(ids).map(({ messageId }) => messageId));
    await rig.until(() => called().size === ids.length, 'every message was asked for');
    await provider.setFaults({});
    for (const { fault } of provider.callsFor(ids)) if (fault !== null) rig.fired(fault);
    // What was turned away is to be granted, and not to get in the way of the next fault.
    await rig.until(async () => (await rig.countEnded(ids)) === ids.length, 'they have come to an end');
    await breakTheWay(rig);
    await rig.stream.sendNew(20);
  },
};

/** New messages whose first call the simulator, which draws by message ID, will answer with this fault. */
function hitBy(rig: Rig, fault: (typeof FAULTS)[number], count: number): readonly string[] {
  const found: string[] = [];
  while (found.length < count) {
    const [id = ''] = rig.stream.draw(1);
    if (drawFault(RATES, OWN_SEED, id, 1) === fault) found.push(id);
  }
  return found;
}

async function breakTheWay(rig: Rig): Promise<void> {
  const { links, workers, provider } = rig.ground;
  const ways = links.to('provider');
  const sum = (of: 'held' | 'reset'): number => ways.reduce((total, link) => total + link.counts[of], 0);
  const turnedAway = (): Promise<number> => workers.metric('handover_reward_attempts_total', 'outcome="not-executed"');
  const [held, reset, before] = [sum('held'), sum('reset'), await turnedAway()];
  for (const link of ways) link.vanish();
  await rig.stream.sendNew(8);
  await rig.until(async () => (await turnedAway()) - before >= 8, 'calls were turned away');
  links.heal();
  rig.fired(REFUSED, (await turnedAway()) - before);
  await provider.setFaults({ slow: 1 });
  const ids = await rig.stream.sendNew(6);
  await rig.until(() => provider.callsFor(ids).length > 0, 'the provider was called');
  for (const link of ways) link.reset();
  await provider.setFaults({});
  rig.fired(RESET, sum('reset') - reset);
  await rig.until(async () => (await rig.countEnded(ids)) === ids.length, 'they have come to an end');
  for (const link of ways) link.slow(900);
  const late = await rig.stream.sendNew(4);
  await rig.until(async () => (await rig.countEnded(late)) === late.length, 'what was answered too late is parked');
  links.heal();
  rig.fired(DRIP, sum('held') - held);
}
