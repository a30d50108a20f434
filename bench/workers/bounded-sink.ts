import type { Delivery, DeliverySink } from '../../src/brokers/source.js';
import { STAMPS } from '../../src/domain/message/message.js';
import { FlowControl } from '../../src/intake/flow-control.js';

/** Hands each delivery to `accept`, so many at a time, and acknowledges it when that resolves. */
export function boundedSink(
  limit: number,
  accept: (messageId: string, body: Buffer, delivery: Delivery) => Promise<unknown>,
): DeliverySink {
  const flow = new FlowControl({ bounds: { places: limit, rooms: 0, memory: limit }, throttled: () => false });
  return {
    capacity: (signal) => flow.whenFetching(signal),
    take: (deliveries) =>
      deliveries.map(async (delivery) => {
        const ticket = flow.admit();
        await flow.wait(ticket, 'arrived');
        try {
          const messageId = delivery.properties.get(STAMPS.messageId);
          if (messageId === undefined || delivery.body === null) throw new Error('a message without an ID or a body');
          await accept(messageId, delivery.body, delivery);
        } finally {
          flow.leave(ticket, 'accepted');
        }
      }),
  };
}
