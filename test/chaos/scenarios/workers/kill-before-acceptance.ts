import { SIDES, type Side } from '../../../../src/domain/side.js';
import type { Rig } from '../../rig.js';
import type { Scenario } from '../../scenario.js';

const BEFORE_START = 'the Kafka worker is killed with a delivery in hand, before its start';
const BEFORE_COMMIT = 'the Kafka worker is killed after the start, before the commit';
const BEFORE_ACKNOWLEDGEMENT = 'the RocketMQ worker is killed after the start, before the acknowledgement';

/** A crash on either side of the moment from which on Temporal has a message: the broker must still have it. */
export const killBeforeAcceptance: Scenario = {
  name: 'kill-before-acceptance',
  promises: ['P1', 'P2', 'P3'],
  covers: [1, 2, 6],
  faults: [BEFORE_START, BEFORE_COMMIT, BEFORE_ACKNOWLEDGEMENT],
  leastGranted: 30,
  set: 'short',
  async drive(rig) {
    const { kafka } = rig.ground;
    await Promise.all([killBeforeStart(rig), killAfterStart(rig, 'rocketmq', BEFORE_ACKNOWLEDGEMENT)]);
    // So that the committed offsets stand still of themselves.
    await rig.until(async () => (await kafka.lag()) === 0, 'the Kafka group has caught up', 60_000);
    await killAfterStart(rig, 'kafka', BEFORE_COMMIT);
    // Of the others, those whose first attempt was handed to the dead worker are parked.
    await rig.stream.sendNew(10);
  },
};

/** The ledger's answer to `route` is kept from the worker, so that none of its deliveries can be started. */
async function killBeforeStart(rig: Rig): Promise<void> {
  const { links, kafka } = rig.ground;
  const before = await kafka.committed();
  const { redis } = links.bySide.kafka;
  redis.hold('requests');
  const ids = await rig.stream.send(rig.stream.ownedAtHalf('kafka', 10), ['kafka']);
  await rig.until(() => ids.some((id) => redis.holds(id)), 'the ledger has been asked for one of them');
  await killAndReplace(rig, 'kafka', BEFORE_START, async () => {
    const started = await Promise.all(ids.map((id) => rig.hasWorkflow(id)));
    rig.expect(!started.includes(true), 'a workflow was started without an owner');
    rig.expect((await kafka.committed()) === before, 'the Kafka group committed what nobody had started');
  });
  await rig.stream.send(ids, ['rocketmq']);
}

/** Temporal's answers are kept from the worker: it has the messages, and the worker cannot know. */
async function killAfterStart(rig: Rig, side: Side, fault: string): Promise<void> {
  const { links, kafka } = rig.ground;
  const before = await kafka.committed();
  links.bySide[side].temporal.hold('answers');
  const ids = await rig.stream.send(rig.stream.ownedAtHalf(side, 10), [side]);
  await rig.until(() => rig.hasWorkflow(ids[0] ?? ''), `Temporal has what ${side} was the only one to get`);
  await killAndReplace(rig, side, fault, async () => {
    const committed = await kafka.committed();
    rig.expect(side !== 'kafka' || committed === before, 'the Kafka group committed before it knew of the start');
  });
  await rig.stream.send(ids, SIDES);
}

async function killAndReplace(rig: Rig, side: Side, fault: string, look: () => Promise<void>): Promise<void> {
  const { workers, links } = rig.ground;
  await workers.kill(workers.only(side));
  rig.fired(fault);
  await look();
  links.bySide[side].redis.heal();
  links.bySide[side].temporal.heal();
  await workers.start(side);
}
