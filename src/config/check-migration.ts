import type { z } from 'zod';
import { REPORT_MARGIN_MS } from '../domain/reward/outcome.js';
import { type Environment, Variables } from './environment/variables.js';
import { describeIssues, faultsError } from './faults.js';
import { httpUrl } from './http-provider-schema.js';
import type { Migration } from './migration.js';
import { migrationSchema } from './migration-schema.js';
import { type ProviderReading, readProvider } from './read-provider.js';
import { DEAD_LETTER_SUFFIX, isRecord } from './schema-parts.js';
import { secrets } from './secrets.js';

/**
 * Checks a migration's options and completes them with the defaults.
 *
 * @param subject What the options are called in the error, such as the config file's path.
 * @throws HandoverError `config-invalid`, naming all faults at once, and no value.
 */
export function checkMigration(options: unknown, env: Environment, subject = 'The migration'): Migration {
  const faults: string[] = [];
  const rewardUrl = readRewardUrl(new Variables(env, faults));
  const { provider: given, ...others } = isRecord(options) ? options : {};
  registerSecrets(given);
  const settings = migrationSchema.safeParse(isRecord(options) ? others : options);
  const reading = readProvider(given, rewardUrl);
  if (!settings.success) faults.push(...describeIssues(settings.error));
  faults.push(...('faults' in reading ? reading.faults : conflicts(others, reading)));
  if (!settings.success || 'faults' in reading || faults.length > 0) {
    throw faultsError('config-invalid', subject, faults, 'Mend the configuration; nothing has been started.');
  }
  return complete(settings.data, reading.provider);
}

function readRewardUrl(variables: Variables): string | undefined {
  const url = variables.url('REWARD_URL');
  if (url !== undefined && !httpUrl().safeParse(url).success) {
    variables.fault('REWARD_URL', 'must be an http:// or https:// URL');
  }
  return url;
}

/** What two settings say against each other, as far as each is right for itself. */
function conflicts(
  others: Readonly<Record<string, unknown>>,
  { hasLookup, requestMs }: Exclude<ProviderReading, { faults: unknown }>,
): string[] {
  const faults: string[] = [];
  const attemptTimeout = migrationSchema.shape.attemptTimeout.safeParse(others['attemptTimeout']);
  if (requestMs !== undefined && attemptTimeout.success && attemptTimeout.data < requestMs + REPORT_MARGIN_MS) {
    faults.push(
      `attemptTimeout: must be at least ${requestMs + REPORT_MARGIN_MS} ms: the provider's connectTimeout and timeout together, and ${REPORT_MARGIN_MS} ms to say what became of it`,
    );
  }
  if (hasLookup && others['settlesWithin'] === undefined) {
    faults.push("settlesWithin: is required with a lookup: when is the provider's 'absent' final?");
  }
  return faults;
}

/** Header values and what URLs carry beside the address; done before anything can be said of them. */
function registerSecrets(provider: unknown): void {
  if (!isRecord(provider)) return;
  const { lookup } = provider;
  const lookupUrl = isRecord(lookup) ? lookup['url'] : provider['lookupUrl'];
  for (const url of [provider['url'], lookupUrl]) if (typeof url === 'string') secrets.addUrl(url);
  const headers = provider['headers'];
  if (!isRecord(headers)) return;
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value !== 'string' || /^(accept|content-type|user-agent)$/i.test(name)) continue;
    secrets.add(value);
    // `Bearer <token>`: the token alone is the secret, too.
    secrets.add(/^\S+ (\S+)$/.exec(value)?.[1]);
  }
}

function complete(settings: z.output<typeof migrationSchema>, provider: Migration['provider']): Migration {
  const { migration, topics, extract, cutoverKey, body, retry, limits, adoption } = settings;
  return deepFreeze({
    name: migration,
    topics,
    deadLetterTopics: {
      kafka: `${topics.kafka}${DEAD_LETTER_SUFFIX}`,
      rocketmq: `${topics.rocketmq}${DEAD_LETTER_SUFFIX}`,
    },
    consumerGroup: `handover-${migration}`,
    extract,
    cutoverKey,
    body,
    provider,
    settlesWithinMs: settings.settlesWithin,
    attemptTimeoutMs: settings.attemptTimeout,
    retry: {
      initialIntervalMs: retry.initialInterval,
      backoffCoefficient: retry.backoffCoefficient,
      maximumIntervalMs: retry.maximumInterval,
      maximumAttempts: retry.maximumAttempts,
    },
    dispatch: settings.dispatch,
    limits: {
      bodyBytes: limits.bodyBytes,
      batchBytes: limits.batchBytes,
      inFlight: limits.inFlight,
      lingerMs: limits.linger,
      lingering: limits.lingering,
      waiting: limits.waiting,
      held: limits.held,
      stallMs: limits.stall,
      checkAfterMs: limits.checkAfter,
      drainMs: limits.drain,
      shutdownMs: limits.shutdown,
    },
    adoption: {
      marginMs: adoption.margin,
      firstLookMs: adoption.firstLook,
      longestLookMs: adoption.longestLook,
    },
    settledLifetimeMs: settings.settledLifetime,
    acceptLongerRetention: settings.acceptLongerRetention,
    acceptEviction: settings.acceptEviction,
  });
}

/** Freezes plain objects and arrays all the way down; what has a class of its own keeps its state. */
function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null && !Array.isArray(value)) return value;
  Object.freeze(value);
  for (const member of Object.values(value)) deepFreeze(member);
  return value;
}
