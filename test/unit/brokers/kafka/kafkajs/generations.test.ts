import type { Batch } from 'kafkajs';
import ConsumerGroup from 'kafkajs/src/consumer/consumerGroup.js';
import OffsetManager from 'kafkajs/src/consumer/offsetManager/index.js';
import Runner from 'kafkajs/src/consumer/runner.js';
import { afterEach, describe, expect, it } from 'vitest';
import { fenceGenerations } from '../../../../../src/brokers/kafka/kafkajs/generations.js';

const TOPIC = 'rewards';
const original = {
  fetch: ConsumerGroup.prototype.fetch,
  outOfRange: ConsumerGroup.prototype.recoverFromOffsetOutOfRange,
  handleBatch: Runner.prototype.handleBatch,
  commitOffsets: OffsetManager.prototype.commitOffsets,
};

afterEach(() => {
  ConsumerGroup.prototype.fetch = original.fetch;
  ConsumerGroup.prototype.recoverFromOffsetOutOfRange = original.outOfRange;
  Runner.prototype.handleBatch = original.handleBatch;
  OffsetManager.prototype.commitOffsets = original.commitOffsets;
});

function generation(commits: unknown[] = []): OffsetManager {
  const committed: Record<string, object> = {};
  const coordinator = {
    isConnected: () => true,
    offsetCommit: async ({ topics }: { topics: unknown }) => void commits.push(topics),
  };
  const manager = new OffsetManager({
    groupId: 'handover',
    memberAssignment: { [TOPIC]: [0, 1] },
    cluster: { committedOffsets: () => committed },
    coordinator,
    instrumentationEmitter: { emit: () => undefined },
  });
  committed[TOPIC] = { 0: '10', 1: '10' };
  return manager;
}

/** A member of a group with one partition, whose fetch is answered when the test says so. */
function member() {
  let answer: () => void = () => undefined;
  const response = {
    responses: [{ topicName: TOPIC, partitions: [{ partition: 0, highWatermark: '12', messages: [] }] }],
  };
  const assigned = [{ topic: TOPIC, partitions: [0] }];
  const group = Object.assign(Object.create(ConsumerGroup.prototype) as ConsumerGroup, {
    offsetManager: generation(),
    partitionsPerSubscribedTopic: null,
    preferredReadReplicasPerTopicPartition: {},
    seekOffset: { has: () => false, pop: () => undefined },
    subscriptionState: { assigned: () => assigned, active: () => assigned, isPaused: () => false },
    cluster: {
      refreshMetadataIfNecessary: async () => undefined,
      findTopicPartitionMetadata: () => [{ partitionId: 0, leader: 1 }],
      findBroker: async () => ({
        fetch: () => new Promise((resolve) => (answer = () => resolve(response))),
      }),
    },
  });
  return { group, answer: () => answer() };
}

/** Lets a fetch get as far as its request. */
const sent = () => new Promise((resolve) => setImmediate(resolve));

async function fetchWhile(
  happening: (group: ConsumerGroup) => void,
): Promise<{ group: ConsumerGroup; batches: Batch[] }> {
  const { group, answer } = member();
  const fetching = group.fetch('1');
  await sent();
  happening(group);
  answer();
  return { group, batches: await fetching };
}

const rejoins = (group: ConsumerGroup) => {
  group.offsetManager = generation();
};

describe('a kafkajs consumer group', () => {
  it('hands on a batch of an older generation as it comes, and drops it once it is fenced', async () => {
    expect((await fetchWhile(rejoins)).batches).toHaveLength(1);
    fenceGenerations();
    expect((await fetchWhile(rejoins)).batches).toEqual([]);
    expect((await fetchWhile(() => undefined)).batches).toHaveLength(1);
  });

  it('drops a batch too that waits for its turn while the group is joined anew', async () => {
    fenceGenerations();
    const { group, batches } = await fetchWhile(() => undefined);
    let handled = 0;
    const runner = Object.assign(Object.create(Runner.prototype) as Runner, {
      running: true,
      consumerGroup: group,
      // All that kafkajs does with a batch that is empty.
      heartbeat: async () => {
        handled += 1;
      },
    });
    await runner.handleBatch(batches[0] as Batch);
    expect(handled).toBe(1);
    rejoins(group);
    await runner.handleBatch(batches[0] as Batch);
    expect(handled).toBe(1);
  });

  it('never commits for a partition that it does not have', async () => {
    fenceGenerations();
    const commits: unknown[] = [];
    const partitions = [0, 7].map((partition) => ({ partition, offset: '5' }));
    await generation(commits).commitOffsets({ topics: [{ topic: TOPIC, partitions }] });
    await generation(commits).commitOffsets({ topics: [{ topic: TOPIC, partitions: partitions.slice(1) }] });
    expect(commits).toEqual([[{ topic: TOPIC, partitions: [{ partition: 0, offset: '5' }] }]]);
  });

  it('does not choose another position by itself when the log does not hold its own', async () => {
    fenceGenerations();
    const { group } = member();
    const outOfRange = Object.assign(new Error('out of range'), { topic: TOPIC, partition: 0 });
    await expect(group.recoverFromOffsetOutOfRange(outOfRange)).rejects.toMatchObject({
      retriable: false,
      message: expect.stringContaining('the log of partition 0 of rewards does not hold the position any more'),
    });
  });
});
