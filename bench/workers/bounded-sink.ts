import type { Delivery, DeliverySink } from '../../src/brokers/source.js';
import { STAMPS } from '../../src/domain/message.js';
import { Places } from '../../src/intake/places.js';

/** Hands each delivery to `accept`, so many at a time, and acknowledges it when that resolves. */
export function boundedSink(
  limit: number,
  accept: (messageId: string, body: Buffer, delivery: Delivery) => Promise<unknown>,
): DeliverySink {
  const places = new Places(limit);
  return {
    capacity: (signal) => places.whenFree(signal),
    take: (deliveries) =>
      deliveries.map((delivery) =>
        places.occupy(async () => {
          const messageId = delivery.properties.get(STAMPS.messageId);
          if (messageId === undefined || delivery.body === null) throw new Error('a message without an ID or a body');
          await accept(messageId, delivery.body, delivery);
        }),
      ),
  };
}
