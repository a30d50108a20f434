import { AssignerProtocol, Kafka, logLevel, type PartitionAssigner } from 'kafkajs';
import type { Rig } from '../../rig.js';
import type { Scenario } from '../../scenario.js';

const CRASHED = 'the Kafka consumer crashes for good, as a stranger in its group speaks another protocol';

/** What Kafka says to it (INCONSISTENT_GROUP_PROTOCOL), and kafkajs does not try again by itself. */
const CAUSE = 'incompatible with those of existing members';

/** Somebody else's consumer uses our group. Ours is refused, ends for good, and has to be built anew until it is let in. */
export const strangeMember: Scenario = {
  name: 'strange-member',
  promises: ['P2', 'P3'],
  covers: [4],
  faults: [CRASHED],
  leastGranted: 15,
  set: 'long',
  async drive(rig) {
    const { workers, kafka } = rig.ground;
    await workers.stop(workers.only('kafka'));
    await rig.until(async () => (await kafka.group()).members === 0, 'the Kafka group is empty');
    const stranger = await join(rig);
    // It is not ready before it is let in.
    const starting = workers.start('kafka');
    starting.catch(() => undefined);
    try {
      const ids = await rig.stream.sendNew(20);
      await rig.until(() => crashes(rig) >= 2, 'the consumer has crashed and was built anew', 60_000);
      rig.fired(CRASHED, crashes(rig));
      rig.expect((await rig.countEnded(ids)) < ids.length, 'kafka consumed while it was refused');
    } finally {
      await stranger.disconnect();
    }
    await starting;
  },
};

/** Joins the group under a way of assigning that no consumer of ours knows, and commits nothing. */
async function join({ ground }: Rig) {
  const { stack, migration } = ground;
  const kafka = new Kafka({ clientId: 'stranger', brokers: [...stack.kafka.brokers], logLevel: logLevel.NOTHING });
  const consumer = kafka.consumer({ groupId: migration.consumerGroup, partitionAssigners: [takeNothing] });
  await consumer.connect();
  await consumer.subscribe({ topics: [migration.topics.kafka] });
  const joined = new Promise<void>((resolve) => consumer.on(consumer.events.GROUP_JOIN, () => resolve()));
  await consumer.run({ autoCommit: false, eachMessage: async () => undefined });
  await joined;
  return consumer;
}

const takeNothing: PartitionAssigner = () => ({
  name: 'strange',
  version: 0,
  assign: async ({ members }) =>
    members.map(({ memberId }) => ({
      memberId,
      memberAssignment: AssignerProtocol.MemberAssignment.encode({
        version: 0,
        assignment: {},
        userData: Buffer.alloc(0),
      }),
    })),
  protocol: ({ topics }) => ({
    name: 'strange',
    metadata: AssignerProtocol.MemberMetadata.encode({ version: 0, topics, userData: Buffer.alloc(0) }),
  }),
});

/** How often the worker has said that its consumer failed for just that. */
function crashes({ ground: { workers } }: Rig): number {
  return workers
    .only('kafka')
    .child.log()
    .split('\n')
    .filter((line) => line.includes('built anew') && line.includes(CAUSE)).length;
}
