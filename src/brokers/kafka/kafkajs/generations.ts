import kafkajs, { type Batch } from 'kafkajs';
import ConsumerGroup from 'kafkajs/src/consumer/consumerGroup.js';
import OffsetManager from 'kafkajs/src/consumer/offsetManager/index.js';
import Runner from 'kafkajs/src/consumer/runner.js';

const { fetch } = ConsumerGroup.prototype;
const { handleBatch } = Runner.prototype;
const { commitOffsets } = OffsetManager.prototype;

/** The generation of its group in which each batch was asked for: kafkajs has one offset manager for each. */
const generations = new WeakMap<Batch, object | null>();

/**
 * Keeps what belongs to an older generation of a kafkajs 2.2.4 consumer group from counting in the current one (upstream
 * issues 923 and 1046). kafkajs joins again within the fetch from one broker, while fetches from the others are on their
 * way, and takes what they bring, and commits that are tried again, for the new generation's.
 * - A batch that was asked for in an older generation is dropped, also when it waited for its turn meanwhile.
 * - A commit never names a partition that the generation does not have.
 * - A position that the log does not hold ends the consumer: kafkajs would commit another one without a word.
 */
export function fenceGenerations(): void {
  ConsumerGroup.prototype.fetch = async function fetchInGeneration(nodeId) {
    const generation = this.offsetManager;
    const batches = await fetch.call(this, nodeId);
    if (this.offsetManager !== generation) return [];
    for (const batch of batches) generations.set(batch, generation);
    return batches;
  };
  ConsumerGroup.prototype.recoverFromOffsetOutOfRange = async ({ message, topic, partition }) => {
    throw new kafkajs.KafkaJSNonRetriableError(
      `the log of partition ${partition} of ${topic} does not hold the position any more (${message})`,
    );
  };
  Runner.prototype.handleBatch = async function handleInGeneration(batch) {
    if (generations.get(batch) === this.consumerGroup.offsetManager) await handleBatch.call(this, batch);
  };
  OffsetManager.prototype.commitOffsets = async function commitAssigned(offsets = {}) {
    const topics = offsets.topics?.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.filter(({ partition }) => this.memberAssignment[topic]?.includes(partition)),
    }));
    await commitOffsets.call(
      this,
      topics === undefined ? {} : { topics: topics.filter((of) => of.partitions.length > 0) },
    );
  };
}
