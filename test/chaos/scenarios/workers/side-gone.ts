import { otherSide, SIDES, type Side } from '../../../../src/domain/side.js';
import { readRewards } from '../../../../src/operations/status.js';
import type { Rig } from '../../rig.js';
import type { Scenario } from '../../scenario.js';

const GONE = 'all workers of a side are killed with rewards under way, and do not come back';
const SHOWN = 'what they had claimed is shown as rewards without a worker';
const ADOPTED = 'what waits for them is adopted by the other side';
const FINISHED = 'what they had claimed is finished by a worker without intake';

/** One side after the other goes for good. What waits is adopted, and what it had claimed is finished without its consumer. */
export const sideGone: Scenario = {
  name: 'side-gone',
  promises: ['P1', 'P2', 'P4', 'P6'],
  covers: [18, 36],
  faults: SIDES.flatMap((side) => [GONE, SHOWN, ADOPTED, FINISHED].map((what) => `${side}: ${what}`)),
  leastGranted: 16,
  set: 'long',
  async drive(rig) {
    for (const side of SIDES) await goAway(rig, side);
  },
};

async function goAway(rig: Rig, side: Side): Promise<void> {
  const { workers, provider, stream } = { ...rig.ground, stream: rig.stream };
  const seen = (what: string, count: number): void => rig.fired(`${side}: ${what}`, count);
  await provider.setFaults({ '503': 0.6, slow: 0.3 });
  const claimed = await stream.send(stream.ownedAtHalf(side, 12));
  await rig.until(() => provider.callsFor(claimed).length >= claimed.length / 2, `${side} has called the provider`);
  await workers.kill(workers.only(side));
  seen(GONE, 1);
  await provider.setFaults({});
  const waiting = await stream.send(stream.ownedAtHalf(side, 8));
  seen(SHOWN, await untilShown(rig, side));
  const settled = async (ids: readonly string[]): Promise<boolean> => (await rig.countEnded(ids)) === ids.length;
  rig.expect((await rig.countEnded(waiting)) === 0, `something was taken from ${side} without a reason`);
  await rig.failover(otherSide(side));
  await rig.until(() => settled(waiting), 'what waited is adopted', 60_000);
  const records = await Promise.all(waiting.map((id) => rig.ground.client.workflow.getHandle(id).describe()));
  const owners = records.map(({ searchAttributes }) => searchAttributes['HandoverOwner']?.[0]);
  seen(ADOPTED, owners.filter((owner) => owner === otherSide(side)).length);
  const open = claimed.length - (await rig.countEnded(claimed));
  await workers.start(side, { consumes: false });
  await rig.until(() => settled(claimed), 'what was claimed is finished without intake', 60_000);
  seen(FINISHED, open);
  await rig.makeWhole();
}

/** What `status` shows of the side's rewards; how many wait. */
async function untilShown(rig: Rig, side: Side): Promise<number> {
  const { client, stack, migration } = rig.ground;
  let waiting = 0;
  await rig.until(
    async () => {
      const rewards = await readRewards(client, stack.temporal.namespace, migration.name, side);
      if (rewards.noWorker) waiting = rewards.waiting;
      return rewards.noWorker;
    },
    `the rewards of ${side} are shown to have no worker`,
    60_000,
  );
  return waiting;
}
