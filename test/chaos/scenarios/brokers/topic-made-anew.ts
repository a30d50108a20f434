import type { Scenario } from '../../scenario.js';
import { sendSteadily } from '../../traffic/send-steadily.js';

const ANEW = "Kafka's topic is deleted and made anew under its worker";

const PER_SECOND = 50;
const MESSAGES = 1_000;

/**
 * The log of a whole side goes back to its beginning while messages are published. The copies that were in it are gone, so their
 * messages are adopted by the other side; those that are published afterwards are read from the new topic.
 */
export const topicMadeAnew: Scenario = {
  name: 'topic-made-anew',
  promises: ['P1', 'P2', 'P3'],
  covers: [37],
  faults: [ANEW],
  leastGranted: MESSAGES * 0.95,
  set: 'long',
  settleMs: 300_000,
  async drive(rig) {
    const { kafka } = rig.ground;
    await Promise.all([
      sendSteadily(rig, MESSAGES, PER_SECOND),
      (async () => {
        await rig.pause((MESSAGES / PER_SECOND / 2) * 1_000);
        await kafka.makeTopicAnew();
        rig.fired(ANEW);
      })(),
    ]);
    await rig.stream.sendNew(50);
  },
};
