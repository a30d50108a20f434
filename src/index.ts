export type { Delivery } from './brokers/source.js';
export {
  type AnswerConditionConfig,
  defineMigration,
  type HttpLookupConfig,
  type HttpProviderConfig,
  type MigrationOptions,
} from './config/define-migration.js';
export type { Extractor } from './config/migration.js';
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
export * from './producer.js';
export type { StatusClass } from './reward/http/options.js';
export type { AttemptContext, RewardMessage, RewardProvider } from './reward/provider.js';
