import { Kafka, logLevel } from 'kafkajs';
import type { LiveMigration } from '../live-migration.js';

/** Moves the group of a migration to the beginning or the end of its Kafka topic, while nobody consumes. */
export async function moveGroup(
  brokers: readonly string[],
  { migration }: Pick<LiveMigration, 'migration'>,
  to: 'beginning' | 'end',
): Promise<void> {
  const topic = migration.topics.kafka;
  const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    const ends = await admin.fetchTopicOffsets(topic);
    const partitions = ends.map(({ partition, low, high }) => ({ partition, offset: to === 'end' ? high : low }));
    await admin.setOffsets({ groupId: migration.consumerGroup, topic, partitions });
  } finally {
    await admin.disconnect();
  }
}
