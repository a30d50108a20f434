import type { Admin, Kafka } from 'kafkajs';
import { expect, it, vi } from 'vitest';
import { KafkaPastSampler } from '../../../../../src/brokers/kafka/progress/past-sampler.js';

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

it('what is known of when records were stored is forgotten with their topic, also where the new one holds more of them', async () => {
  let topicId: string | undefined;
  const admin: Partial<Admin> = {
    connect: async () => undefined,
    disconnect: async () => undefined,
    fetchTopicMetadata: async () => ({ topics: [{ name: 'rewards', partitions: [{} as never] }] }),
    fetchTopicOffsets: async () => [{ partition: 0, offset: '100', low: '0', high: '100' }],
    fetchOffsets: async () => [{ topic: 'rewards', partitions: [{ partition: 0, offset: '0', metadata: null }] }],
  };
  const kafka = { admin: () => admin } as unknown as Kafka;
  const sampler = new KafkaPastSampler({ kafka, topic: 'rewards', group: 'g', topicId: () => topicId, log: silent });
  sampler.start();
  await vi.waitFor(() => expect(sampler.brokerTime(0, 200n)).toHaveProperty('after'));
  // The partitions are placed: it is told now, and was this one all along.
  topicId = 'one';
  expect(sampler.brokerTime(0, 200n)).toHaveProperty('after');
  topicId = 'another';
  expect(sampler.brokerTime(0, 200n)).not.toHaveProperty('after');
  await vi.waitFor(() => expect(sampler.brokerTime(0, 200n)).toHaveProperty('after'), { timeout: 5_000 });
  await sampler.stop();
});
