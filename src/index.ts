export { defineMigration, type HttpProviderConfig, type MigrationOptions } from './config/define-migration.js';
export type { Extractor } from './config/migration.js';
export { bucketOf } from './domain/bucket.js';
export { type ErrorCode, HandoverError, isRetryable } from './domain/errors.js';
export { STAMPS, type Stamps } from './domain/message.js';
export type { Evidence, Granted, GrantResult, LookupResult, NotExecuted, Refused, Unknown } from './domain/outcome.js';
export type { Side } from './domain/side.js';
export type { StatusClass } from './reward/http-provider-options.js';
export type { AttemptContext, RewardMessage, RewardProvider } from './reward/provider.js';
