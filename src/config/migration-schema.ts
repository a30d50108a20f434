import { z } from 'zod';
import { STAMPS } from '../domain/message/message.js';
import { SIDES } from '../domain/side.js';
import type { Extractor } from './migration.js';
import {
  DAY,
  duration,
  functionOf,
  HOUR,
  kafkaTopic,
  MINUTE,
  oneOf,
  rocketmqTopic,
  SECOND,
  wholeNumber,
} from './schema-parts.js';

/** Reads the documented stamps from Kafka headers or RocketMQ user properties. */
const readStamps: Extractor = ({ properties }) => ({
  messageId: properties.get(STAMPS.messageId),
  businessId: properties.get(STAMPS.businessId),
  traceparent: properties.get(STAMPS.traceparent),
});

/** Temporal refuses payloads above 2 MiB; the rest is left for what travels with the body. */
const BODY_MAX_BYTES = 1_835_008;

const extractor = functionOf<Extractor>().default(() => readStamps);

function group<T extends z.ZodRawShape>(shape: T) {
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'invalid_type' ? 'must be an object' : undefined),
  });
}

/** Gives each side the same value where only one was given. */
function perSide(isOne: (value: unknown) => boolean) {
  return (value: unknown): unknown => (isOne(value) ? Object.fromEntries(SIDES.map((side) => [side, value])) : value);
}

/** A migration's settings but for the provider, which is one of two kinds: read-provider.ts. */
export const migrationSchema = group({
  migration: z
    .string({ error: 'must be a text' })
    .regex(/^[a-z0-9][a-z0-9-]{0,39}$/, { error: 'must be 1 to 40 of a-z, 0-9 and -, and not begin with -' })
    .default('rewards'),
  topics: z
    .preprocess(
      perSide((value) => typeof value === 'string'),
      group({ kafka: kafkaTopic, rocketmq: rocketmqTopic }),
    )
    .default({ kafka: 'rewards', rocketmq: 'rewards' }),
  extract: z
    .preprocess(
      perSide((value) => typeof value === 'function'),
      group({ kafka: extractor, rocketmq: extractor }),
    )
    .default({ kafka: readStamps, rocketmq: readStamps }),
  cutoverKey: oneOf(['messageId', 'businessId']).default('messageId'),
  body: oneOf(['json', 'bytes']).default('json'),
  settlesWithin: duration(0, 30 * DAY).default(10 * MINUTE),
  retry: group({
    initialInterval: duration(1, DAY).default(SECOND),
    backoffCoefficient: z
      .number({ error: 'must be a number from 1 to 100' })
      .min(1, { error: 'must be a number from 1 to 100' })
      .max(100, { error: 'must be a number from 1 to 100' })
      .default(2),
    maximumInterval: duration(1, DAY).default(MINUTE),
    maximumAttempts: wholeNumber(1, 100_000).default(60),
  })
    .refine((retry) => retry.maximumInterval >= retry.initialInterval, {
      path: ['maximumInterval'],
      error: 'must not be below initialInterval',
    })
    .prefault({}),
  limits: group({
    bodyBytes: wholeNumber(1, BODY_MAX_BYTES).default(1024 * 1024),
    batchBytes: wholeNumber(1024 * 1024, 1024 * 1024 * 1024).default(64 * 1024 * 1024),
    inFlight: wholeNumber(1, 10_000).default(32),
    linger: duration(0, HOUR).default(SECOND),
    lingering: wholeNumber(0, 100_000).default(256),
    waiting: wholeNumber(1, 10_000).default(1_000),
    held: wholeNumber(0, 100_000).default(256),
    stall: duration(SECOND, DAY).default(MINUTE),
    checkAfter: duration(SECOND, DAY).default(MINUTE),
    drain: duration(0, HOUR).default(20 * SECOND),
    shutdown: duration(5 * SECOND, HOUR).default(30 * SECOND),
  }).prefault({}),
  adoption: group({
    margin: duration(0, DAY).default(5 * SECOND),
    firstLook: duration(1, HOUR).default(6 * SECOND),
    longestLook: duration(1, DAY).default(2 * MINUTE),
  })
    .refine((adoption) => adoption.longestLook >= adoption.firstLook, {
      path: ['longestLook'],
      error: 'must not be below firstLook',
    })
    .prefault({}),
  dispatch: oneOf(['activity', 'inline-first']).default('activity'),
  attemptTimeout: duration(3 * SECOND, 2 * HOUR).default(20 * SECOND),
  settledLifetime: duration(HOUR, 3650 * DAY).default(15 * DAY),
  acceptLongerRetention: z.boolean({ error: 'must be true or false' }).default(false),
  acceptEviction: z.boolean({ error: 'must be true or false' }).default(false),
});
