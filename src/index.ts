export type { KafkaConnection, RocketmqConnection } from './brokers/connections.js';
export {
  createDualProducer,
  type DualProducer,
  type DualProducerOptions,
  type OutgoingMessage,
  type SendReport,
  type SideReport,
} from './brokers/dual-producer.js';
export type { Delivery } from './brokers/source.js';
export {
  type AnswerConditionConfig,
  defineMigration,
  type HttpLookupConfig,
  type HttpProviderConfig,
  type MigrationOptions,
} from './config/define-migration.js';
export type { Extractor } from './config/migration.js';
export { ERROR_CODES, type ErrorCode, HandoverError, isRetryable } from './domain/errors.js';
export { bucketOf } from './domain/message/bucket.js';
export { isMessageId, STAMPS, type Stamps } from './domain/message/message.js';
export type {
  Evidence,
  Granted,
  GrantResult,
  LookupReport,
  LookupResult,
  NotExecuted,
  Phase,
  Refused,
  Unknown,
} from './domain/reward/outcome.js';
export type { Side } from './domain/side.js';
export type { StatusClass } from './reward/http/options.js';
export type { AttemptContext, RewardMessage, RewardProvider } from './reward/provider.js';
