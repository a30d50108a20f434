import { SIDES } from '../../../../src/domain/side.js';
import { cutoverQuery, republishSignal } from '../../../../src/workflows/cutover/contract.js';
import type { cutover } from '../../../../src/workflows/cutover/cutover.js';
import { cutoverWorkflowId } from '../../../../src/workflows/names.js';
import type { Rig } from '../../rig.js';
import type { Scenario } from '../../scenario.js';

const KILLED = 'all workers are killed while they change the policy';
const REPEATED = 'the cutover workflow is signalled many times over';

/** The policy is changed or it is not; what Redis holds and what the workflow holds are the same, and no version comes twice. */
export const cutoverCrash: Scenario = {
  name: 'cutover-crash',
  promises: ['P4', 'P5'],
  covers: [29],
  faults: [KILLED, REPEATED],
  leastGranted: 20,
  set: 'long',
  async drive(rig) {
    for (const percentage of [10, 60, 90]) await killWhileChanging(rig, percentage);
    const { client, migration, policyStore } = rig.ground;
    const handle = client.workflow.getHandle<typeof cutover>(cutoverWorkflowId(migration.name));
    const sent = Array.from({ length: 20 }, () => handle.signal(republishSignal));
    rig.fired(REPEATED, (await Promise.all(sent)).length);
    const change = await rig.setPercentage(25);
    const [view, reading] = [await handle.query(cutoverQuery), await policyStore.read()];
    const versions = view.history.map(({ version }) => version);
    rig.expect(new Set(versions).size === versions.length, 'a version of the policy was given twice');
    rig.expect(view.policy.version === change.version, 'the workflow does not hold what it has answered');
    rig.expect(reading.known && reading.policy.version === change.version, 'Redis does not hold what was answered');
    await rig.stream.sendNew(10);
  },
};

async function killWhileChanging(rig: Rig, percentage: number): Promise<void> {
  const { workers } = rig.ground;
  await rig.stream.sendNew(5);
  const changing = rig.setPercentage(percentage);
  // Its failure is the caller's below, and must not be an unhandled one until then.
  changing.catch(() => undefined);
  await rig.pause(rig.draw() * 150);
  await Promise.all(SIDES.map((side) => workers.kill(workers.only(side))));
  rig.fired(KILLED);
  await Promise.all(SIDES.map((side) => workers.start(side)));
  rig.expect((await changing).hundredths === percentage * 100, `the change to ${percentage} % was not made`);
}
