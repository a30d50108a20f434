import { STAMPS } from '../domain/message.js';
import type { Extractor } from './migration.js';

/** Reads the documented stamps from Kafka headers or RocketMQ user properties. */
export const readStamps: Extractor = ({ properties }) => ({
  messageId: properties.get(STAMPS.messageId),
  businessId: properties.get(STAMPS.businessId),
  traceparent: properties.get(STAMPS.traceparent),
});
