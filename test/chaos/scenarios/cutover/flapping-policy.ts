import { SIDES } from '../../../../src/domain/side.js';
import type { Rig } from '../../rig.js';
import type { Scenario } from '../../scenario.js';

const PERCENTAGE = 'the percentage is changed';
const SWITCH = 'the consumption switch is changed';
const BETWEEN = 'the policy is changed between the two copies of a message';
const AT_ONCE = 'a message comes three times to both sides at once';

const FLAP_MS = 200;
const LASTS_MS = 12_000;
const GROUPS = 14;

/** The policy never stands still while messages come in every order. Each message keeps the owner of its first sight. */
export const flappingPolicy: Scenario = {
  name: 'flapping-policy',
  promises: ['P1', 'P2', 'P4', 'P5', 'P7'],
  covers: [7, 8, 10, 35],
  faults: [PERCENTAGE, SWITCH, BETWEEN, AT_ONCE],
  leastGranted: 50,
  set: 'short',
  async drive(rig) {
    const versions = { now: 0 };
    await rig.during(
      (done) => flap(rig, versions, done),
      async () =>
        void (await Promise.all(Array.from({ length: GROUPS }, (_, nth) => publishGroup(rig, versions, nth)))),
    );
  },
};

/** Changes the policy every 200 ms, or as often as the machine can; every fifth change is one of the switch. */
async function flap(rig: Rig, versions: { now: number }, done: AbortSignal): Promise<void> {
  for (let turn = 0; !done.aborted; turn += 1) {
    const since = performance.now();
    if (turn % 5 === 4) {
      versions.now = (await rig.switch(turn % 2 === 0 ? 'off' : 'on')).version;
      rig.fired(SWITCH);
    } else {
      const percentage = [0, 10, 50, 100][Math.floor(rig.draw() * 4)] ?? 0;
      const { version } = await rig.setPercentage(percentage);
      if (version !== versions.now) rig.fired(PERCENTAGE);
      versions.now = version;
    }
    await rig.pause(Math.max(0, FLAP_MS - (performance.now() - since)));
  }
}

/** One message of each order of arrival. */
async function publishGroup(rig: Rig, versions: { readonly now: number }, nth: number): Promise<void> {
  const { stream } = rig;
  await rig.pause((nth * LASTS_MS) / GROUPS);
  await stream.sendNew(1);
  const crowd = stream.draw(1);
  await Promise.all([stream.send(crowd), stream.send(crowd), stream.send(crowd)]);
  rig.fired(AT_ONCE);
  await Promise.all(
    SIDES.map(async (first) => {
      const ids = stream.draw(1);
      await stream.send(ids, [first]);
      const before = versions.now;
      await rig.pause(300 + rig.draw() * 1_200);
      if (versions.now > before) rig.fired(BETWEEN);
      await stream.send(ids, SIDES);
    }),
  );
}
