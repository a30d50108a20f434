import type { Delivery } from '../brokers/source.js';
import { toError } from '../domain/errors.js';
import type { Log } from '../domain/log.js';
import { type MessageReading, type MessageRules, readMessage, type Stamps } from '../domain/message/message.js';

export interface ReadingRules extends MessageRules {
  readonly extract: (delivery: Delivery) => Stamps;
}

/** Reads a delivery into a message, or says why it cannot be one. Never throws. */
export function readDelivery(delivery: Delivery, rules: ReadingRules, log: Log): MessageReading {
  if (delivery.damaged !== undefined) return { rejected: 'undecodable' };
  if (delivery.tooLarge !== undefined) return { rejected: 'too-large' };
  try {
    return readMessage(rules.extract(delivery), delivery.body, rules);
  } catch (error) {
    // Only a user's own extractor can throw here, and its fault must not stop the partition.
    log.warn({ source: delivery.coordinates, error: toError(error).message }, 'the extractor threw');
    return { rejected: 'undecodable' };
  }
}
