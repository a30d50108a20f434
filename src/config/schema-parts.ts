import { msToNumber } from '@temporalio/common/lib/time.js';
import { z } from 'zod';

/** RFC 9110: field names are tokens; values hold no control character but the tab. */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

export const headerName = z.string().regex(HEADER_NAME, { error: 'must be the name of a header' });

export const headerValue = z
  .string({ error: 'must be a text' })
  .regex(HEADER_VALUE, { error: 'must be one line of Latin-1 text' });

export const SECOND = 1_000;

export const MINUTE = 60 * SECOND;

export const HOUR = 60 * MINUTE;

export const DAY = 24 * HOUR;

/** Longest that a Node timer can wait; a longer one would fire at once. */
const TIMER_MAX_MS = 2 ** 31 - 1;

/** Room that every dead-letter topic needs behind its topic's name. */
export const DEAD_LETTER_SUFFIX = '-dead-letter';

const KAFKA_TOPIC_MAX = 249;

const ROCKETMQ_TOPIC_MAX = 127;

/** A duration in ms, given as such or as a text like `5s`. */
export function duration(minMs: number, maxMs: number = TIMER_MAX_MS) {
  const expected = `must be a duration of ${minMs} to ${maxMs} ms: a whole number, or a text such as '5s'`;
  return z.unknown().transform((value, context): number => {
    const ms = readDuration(value);
    if (ms !== undefined && ms >= minMs && ms <= maxMs) return ms;
    context.addIssue({ code: 'custom', message: expected });
    return z.NEVER;
  });
}

function readDuration(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isInteger(value) ? value : undefined;
  if (typeof value !== 'string') return undefined;
  try {
    return Math.round(msToNumber(value as Parameters<typeof msToNumber>[0]));
  } catch {
    // It throws for one reason only: the text is no duration.
    return undefined;
  }
}

export function wholeNumber(min: number, max: number) {
  const error = `must be a whole number from ${min} to ${max}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
}

export function oneOf<const T extends readonly string[]>(values: T) {
  return z.enum(values, { error: `must be one of ${values.join(', ')}` });
}

/** A function of the user's; what it takes and gives back is for the compiler to check. */
export function functionOf<T>() {
  return z.custom<T>((value) => typeof value === 'function', { error: 'must be a function' });
}

export const kafkaTopic = z
  .string({ error: 'must be a text' })
  .regex(/^[A-Za-z0-9._-]+$/, { error: 'may hold letters, digits and . _ - only, as Kafka has it' })
  .refine((name) => name !== '.' && name !== '..', { error: 'must not be . or ..' })
  .max(KAFKA_TOPIC_MAX - DEAD_LETTER_SUFFIX.length, {
    error: `must have at most ${KAFKA_TOPIC_MAX - DEAD_LETTER_SUFFIX.length} characters, to leave room for ${DEAD_LETTER_SUFFIX}`,
  });

export const rocketmqTopic = z
  .string({ error: 'must be a text' })
  .regex(/^[A-Za-z0-9_|%-]+$/, { error: 'may hold letters, digits and _ - | % only, as RocketMQ has it: no dot' })
  .refine((name) => !/^(rmq_sys_|%RETRY%|%DLQ%)/i.test(name), { error: "must not begin as RocketMQ's own topics do" })
  .max(ROCKETMQ_TOPIC_MAX - DEAD_LETTER_SUFFIX.length, {
    error: `must have at most ${ROCKETMQ_TOPIC_MAX - DEAD_LETTER_SUFFIX.length} characters, to leave room for ${DEAD_LETTER_SUFFIX}`,
  });

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
