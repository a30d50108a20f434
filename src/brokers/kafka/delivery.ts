import type { IHeaders, KafkaMessage } from 'kafkajs';
import type { BrokerTime, Delivery } from '../source.js';
import type { ReadRecord } from './records/records.js';

export function kafkaDelivery(
  topic: string,
  partition: number,
  message: KafkaMessage,
  receivedAt: number,
  brokerTime: BrokerTime = { by: receivedAt },
): Delivery {
  const { damaged, tooLarge } = message as KafkaMessage & Partial<Pick<ReadRecord, 'damaged' | 'tooLarge'>>;
  return {
    side: 'kafka',
    topic,
    coordinates: `kafka:${topic}/${partition}/${message.offset}`,
    properties: propertiesOf(message.headers),
    key: message.key?.toString('utf8') ?? undefined,
    body: message.value,
    ...(damaged !== undefined && { damaged }),
    ...(tooLarge !== undefined && { tooLarge }),
    storedAt: Number(message.timestamp),
    receivedAt,
    brokerTime,
  };
}

/** A header without a value says nothing and is left out; of a repeated one the last counts, as in Kafka's own clients. */
function propertiesOf(headers: IHeaders | undefined): ReadonlyMap<string, string> {
  const properties = new Map<string, string>();
  for (const [name, values] of Object.entries(headers ?? {})) {
    const value = Array.isArray(values) ? values.at(-1) : values;
    if (value !== undefined && value !== null) properties.set(name, value.toString('utf8'));
  }
  return properties;
}
