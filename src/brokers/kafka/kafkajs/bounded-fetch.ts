import { createRequire } from 'node:module';
import type { Kafka } from 'kafkajs';
import Broker from 'kafkajs/src/broker/index.js';
import ConsumerGroup from 'kafkajs/src/consumer/consumerGroup.js';
import { KafkaJSPartialMessageError } from 'kafkajs/src/errors.js';
import { toError } from '../../../domain/errors.js';
import { DEFAULT_READ_LIMITS, type ReadLimits } from '../../source.js';
import { StoredBatch } from '../records/stored-batch.js';
import { readWindow } from '../records/window.js';

const require = createRequire(import.meta.url);
const BATCH_DECODER = 'kafkajs/src/protocol/recordBatch/v0/decoder.js';
const BATCH_DECODER_USER = 'kafkajs/src/protocol/requests/fetch/v4/decodeMessages.js';
/** kafkajs sends no heartbeat while it fetches, and reading what was fetched may take as long as a session. */
const HEARTBEAT_MS = 2_000;

const limitsOf = new WeakMap<object, ReadLimits>();
const beating = new WeakSet<object>();
let isInstalled = false;

/** Gives the consumers of this client their bounds; without it they have the default ones. */
export function limitReads(kafka: Kafka, limits: ReadLimits): void {
  // All that a client makes shares its logger, which is the one thing of it that can be seen from there.
  limitsOf.set(kafka.logger(), limits);
}

/**
 * Has every fetch of kafkajs 2.2.4 read in bounded memory. kafkajs itself decompresses each batch whole, makes objects of
 * all its records, and spreads them over a call's arguments, so that one batch of a megabyte can take up gigabytes, or end
 * the consumer at each try. Here a fetch's batches stay as they are stored until it is known from which offset they are
 * wanted, and as much of them is read as there is room for.
 */
export function boundFetches(): void {
  beatDuringFetches();
  if (isInstalled) return;
  isInstalled = true;
  replaceBatchDecoder();
  const fetch = Broker.prototype.fetch;
  Broker.prototype.fetch = async function fetchBounded(request) {
    const response = await fetch.call(this, request);
    const { batchBytes } = limitsOf.get(this.rootLogger) ?? DEFAULT_READ_LIMITS;
    // kafkajs asks for partitions in another order each time, so that none is always the last one to get room.
    const room = { bytes: batchBytes };
    for (const entry of response.responses) {
      const wanted = request.topics.find(({ topic }) => topic === entry.topicName)?.partitions ?? [];
      const partitions: typeof entry.partitions = [];
      for (const partition of entry.partitions) {
        const { messages } = partition;
        const from = wanted.find((one) => one.partition === partition.partition)?.fetchOffset ?? '0';
        // Messages of the formats before 2, or none at all.
        if (!isStored(messages)) partitions.push(partition);
        else if (room.bytes > 0) {
          partitions.push({ ...partition, messages: await readWindow(messages, BigInt(from), room) });
        }
      }
      entry.partitions = partitions;
    }
    return response;
  };
}

/** Has a member of a group send heartbeats while it fetches, also where that was wrapped anew since. */
function beatDuringFetches(): void {
  const { fetch } = ConsumerGroup.prototype;
  if (beating.has(fetch)) return;
  ConsumerGroup.prototype.fetch = async function fetchWithBeat(nodeId) {
    let lost: Error | undefined;
    const beat = setInterval(() => {
      this.heartbeat({ interval: HEARTBEAT_MS }).catch((error: unknown) => {
        lost = toError(error);
      });
    }, HEARTBEAT_MS);
    try {
      const batches = await fetch.call(this, nodeId);
      if (lost !== undefined) throw lost;
      return batches;
    } finally {
      clearInterval(beat);
    }
  };
  beating.add(ConsumerGroup.prototype.fetch);
}

function isStored(messages: readonly unknown[]): messages is readonly StoredBatch[] {
  return messages.length > 0 && messages.every((message) => message instanceof StoredBatch);
}

/** It is loaded at the first fetch only, so it can be put in its place before. */
function replaceBatchDecoder(): void {
  if (require.cache[require.resolve(BATCH_DECODER_USER)] !== undefined) {
    throw new Error('kafkajs has fetched before its fetches were bounded');
  }
  require(BATCH_DECODER);
  const loaded = require.cache[require.resolve(BATCH_DECODER)];
  if (loaded === undefined) throw new Error('the batch decoder of kafkajs is not where it was');
  loaded.exports = async (decoder: BatchDecoder) => {
    const firstOffset = decoder.readInt64();
    const length = decoder.readInt32();
    const { buffer } = decoder.slice(length);
    decoder.forward(length);
    if (buffer.length < length) throw new KafkaJSPartialMessageError('a batch that is not here whole');
    return { records: [new StoredBatch(firstOffset, buffer)] };
  };
}

interface BatchDecoder {
  readInt64(): bigint;
  readInt32(): number;
  slice(length: number): { readonly buffer: Buffer };
  forward(length: number): void;
}
