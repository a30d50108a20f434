import { type Resources, resourcesOf } from '../stack/resources.js';

/** What the migration in force needs on the local stack. */
export async function resourcesInForce(): Promise<Resources> {
  return resourcesOf({
    name: 'rewards',
    topics: { kafka: 'rewards', rocketmq: 'rewards' },
    deadLetterTopics: { kafka: 'rewards-dead-letter', rocketmq: 'rewards-dead-letter' },
    consumerGroup: 'handover-rewards',
  });
}
