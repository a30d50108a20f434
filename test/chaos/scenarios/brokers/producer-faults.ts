import { otherSide, SIDES } from '../../../../src/domain/side.js';
import { DeadLetterWatch } from '../../../../src/local/demo/watch/dead-letter-watch.js';
import type { Rig } from '../../rig.js';
import type { Scenario } from '../../scenario.js';

const POISON = 'what can never be a message is published, and ends on its side as a dead letter';
const REUSED = 'a message ID is used again for another body';
const HALF = 'half of a double write is missing';
const LATE = 'the other half comes after its message was settled';

/** Everything that a producer can do wrong. */
export const producerFaults: Scenario = {
  name: 'producer-faults',
  promises: ['P1', 'P2', 'P4'],
  covers: [9, 26, 27, 28, 36],
  faults: [POISON, REUSED, HALF, LATE],
  leastGranted: 30,
  set: 'long',
  async drive(rig) {
    const { stack, migration } = rig.ground;
    const connections = {
      temporal: { connectionOptions: { address: stack.temporal.address }, namespace: stack.temporal.namespace },
      redis: { url: stack.redis.url },
      kafka: { brokers: [...stack.kafka.brokers] },
      rocketmq: { endpoints: stack.rocketmq.endpoints, tls: false },
    };
    const watch = new DeadLetterWatch({ run: rig.stream.name, migration, connections, log: rig.ground.log });
    await watch.start();
    try {
      const halves = await publishHalves(rig);
      const whole = await rig.stream.sendNew(20);
      await rig.stream.sendPoison(9);
      await rig.until(async () => (await rig.countEnded(whole)) === whole.length, 'the whole ones are settled');
      await reuse(rig, whole.slice(0, 3));
      await meetDeadLetters(rig, watch);
      await rig.until(async () => (await rig.countEnded(halves)) === halves.length, 'the halves are adopted', 60_000);
      await rig.stream.send(halves, SIDES);
      rig.fired(LATE, halves.length);
    } finally {
      await watch.stop();
    }
  },
};

/** The copy that is missing is the owner's. */
async function publishHalves(rig: Rig): Promise<readonly string[]> {
  const halves = await Promise.all(
    SIDES.map((side) => rig.stream.send(rig.stream.ownedAtHalf(side, 5), [otherSide(side)])),
  );
  rig.fired(HALF, halves.flat().length);
  return halves.flat();
}

/** The second body is marked as poison, so that a dead letter is recognized, and a reward for it is an offence. */
async function reuse(rig: Rig, messageIds: readonly string[]): Promise<void> {
  for (const messageId of messageIds) {
    await rig.stream.sendReused(messageId);
    rig.fired(REUSED);
  }
}

async function meetDeadLetters(rig: Rig, watch: DeadLetterWatch): Promise<void> {
  const isThere = (): boolean =>
    rig.stream.poison.every(({ tag, sides }) => sides.every((side) => watch.found[side].has(tag)));
  await rig.until(isThere, 'every poison is on the dead-letter topic of its side', 45_000);
  rig.fired(POISON, rig.stream.poison.length);
}
