import kafkajs, { type Admin } from 'kafkajs';
import { HandoverError, toError } from '../../domain/errors.js';
import type { Log } from '../../domain/log.js';
import type { KafkaConnection } from '../connections.js';
import { createKafkaClient } from './client.js';

/** Where a consumer group stands in one partition. */
export interface GroupPosition {
  readonly partition: number;
  /** The first offset that the group will be given, as a decimal number. */
  readonly position: string;
  /** How many messages the partition holds from there on, about: transactions leave gaps. */
  readonly ahead: number;
}

/** kafkajs marks by it a partition in which the group has committed nothing. */
const NO_OFFSET = '-1';

/**
 * Where `group` goes on in each partition of `topic`. Where it has committed nothing, or something that the topic has
 * deleted since, that is the beginning, as the source begins there.
 * @throws HandoverError `broker-unavailable`
 */
export function readGroupPositions(
  connection: KafkaConnection,
  { topic, group, log }: { readonly topic: string; readonly group: string; readonly log: Log },
): Promise<readonly GroupPosition[]> {
  return withAdmin(connection, log, `how far group ${group} is in ${topic}`, async (admin) => {
    const [ends, [committed]] = await Promise.all([
      admin.fetchTopicOffsets(topic),
      admin.fetchOffsets({ groupId: group, topics: [topic] }),
    ]);
    const offsets = new Map(committed?.partitions.map(({ partition, offset }) => [partition, offset]));
    return ends.map(({ partition, low, high }) => {
      const offset = offsets.get(partition) ?? NO_OFFSET;
      const position = offset === NO_OFFSET || BigInt(offset) < BigInt(low) ? low : offset;
      return { partition, position, ahead: Number(BigInt(high) - BigInt(position)) };
    });
  });
}

/**
 * The first offset that `group` will be given, in each partition in which it has committed something, whatever the topic
 * has deleted since.
 * @throws HandoverError `broker-unavailable`
 */
export function readCommitted(
  connection: KafkaConnection,
  { topic, group, log }: { readonly topic: string; readonly group: string; readonly log: Log },
): Promise<ReadonlyMap<number, bigint>> {
  return withAdmin(connection, log, `what group ${group} has committed in ${topic}`, async (admin) => {
    const [committed] = await admin.fetchOffsets({ groupId: group, topics: [topic] });
    const known = committed?.partitions.filter(({ offset }) => offset !== NO_OFFSET) ?? [];
    return new Map(known.map(({ partition, offset }) => [partition, BigInt(offset)]));
  });
}

/**
 * The offset behind the last record, in each partition of `topic`.
 * @throws HandoverError `broker-unavailable`
 */
export function readEnds(
  connection: KafkaConnection,
  { topic, log }: { readonly topic: string; readonly log: Log },
): Promise<ReadonlyMap<number, bigint>> {
  return withAdmin(connection, log, `where ${topic} ends`, async (admin) => {
    const ends = await admin.fetchTopicOffsets(topic);
    return new Map(ends.map(({ partition, high }) => [partition, BigInt(high)]));
  });
}

/**
 * For how long `topic` keeps messages, in ms. Without `delete` among its cleanup policies, that is for ever.
 * @throws HandoverError `broker-unavailable`
 */
export function readTopicRetention(
  connection: KafkaConnection,
  { topic, log }: { readonly topic: string; readonly log: Log },
): Promise<number | 'for ever'> {
  return withAdmin(connection, log, `for how long ${topic} keeps messages`, async (admin) => {
    const names = ['retention.ms', 'cleanup.policy'];
    const resource = { type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configNames: names };
    const { resources } = await admin.describeConfigs({ includeSynonyms: false, resources: [resource] });
    const [retention, cleanup] = names.map(
      (name) => resources[0]?.configEntries.find((entry) => entry.configName === name)?.configValue,
    );
    const keepsMs = Number(retention ?? 'unknown');
    if (Number.isNaN(keepsMs)) throw new Error('the broker does not tell');
    return keepsMs < 0 || !(cleanup ?? 'delete').split(',').includes('delete') ? 'for ever' : keepsMs;
  });
}

async function withAdmin<T>(
  connection: KafkaConnection,
  log: Log,
  what: string,
  ask: (admin: Admin) => Promise<T>,
): Promise<T> {
  const admin = createKafkaClient(connection, log, { retries: 1 }).admin();
  try {
    await admin.connect();
    return await ask(admin);
  } catch (cause) {
    if (cause instanceof HandoverError) throw cause;
    throw new HandoverError('broker-unavailable', `Kafka does not say ${what}: ${toError(cause).message}`, { cause });
  } finally {
    await admin.disconnect().catch((err: unknown) => log.debug({ err }, 'the Kafka admin client did not close well'));
  }
}
