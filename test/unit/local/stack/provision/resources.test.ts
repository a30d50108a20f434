import { describe, expect, it } from 'vitest';
import { DEFAULT_SEARCH_ATTRIBUTES, resourcesOf } from '../../../../../src/local/stack/provision/resources.js';
import { SEARCH_ATTRIBUTES } from '../../../../../src/workflows/names.js';

describe('resources of a migration', () => {
  const resources = resourcesOf({
    name: 'bonus',
    topics: { kafka: 'bonus.v1', rocketmq: 'bonus_v1' },
    deadLetterTopics: { kafka: 'bonus.v1-dead-letter', rocketmq: 'bonus_v1-dead-letter' },
    consumerGroup: 'handover-bonus',
  });

  it('are a topic and a dead-letter topic on each broker, by the names that each side has', () => {
    expect(resources.kafka.topics.map(({ name }) => name)).toEqual(['bonus.v1', 'bonus.v1-dead-letter']);
    expect(resources.rocketmq.topics.map(({ name }) => name)).toEqual(['bonus_v1', 'bonus_v1-dead-letter']);
  });

  it('are a consumer group on each broker, and on RocketMQ one more to read dead letters with', () => {
    expect(resources.kafka.groups).toEqual([{ group: 'handover-bonus', topics: ['bonus.v1'] }]);
    expect(resources.rocketmq.groups).toEqual([
      { group: 'handover-bonus', topics: ['bonus_v1'] },
      { group: 'handover-bonus-dead-letters', topics: ['bonus_v1-dead-letter'] },
    ]);
  });

  it('hold the search attributes that message workflows carry, and no others', () => {
    const carried = Object.values(SEARCH_ATTRIBUTES).map(({ name }) => [name, 'Keyword']);
    expect(DEFAULT_SEARCH_ATTRIBUTES).toEqual(Object.fromEntries(carried));
    expect(resources.searchAttributes).toEqual(DEFAULT_SEARCH_ATTRIBUTES);
  });
});
