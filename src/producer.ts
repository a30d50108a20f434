/**
 * `handover/producer`: what a service needs that publishes messages. It loads the two brokers' clients, and nothing of
 * Temporal, Redis or the command line.
 */
export type { KafkaConnection, RocketmqConnection } from './brokers/connections.js';
export {
  createDualProducer,
  type DualProducer,
  type DualProducerOptions,
  type OutgoingMessage,
  type SendReport,
  type SideReport,
} from './brokers/dual-producer.js';
export { ERROR_CODES, type ErrorCode, HandoverError, isRetryable } from './domain/errors.js';
export { bucketOf } from './domain/message/bucket.js';
export { isMessageId, STAMPS, type Stamps } from './domain/message/message.js';
export type { Side } from './domain/side.js';
