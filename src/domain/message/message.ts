/** The stamp, a Kafka header or RocketMQ user property, that carries each fact about a message. */
export const STAMPS = {
  messageId: 'message-id',
  businessId: 'business-id',
  traceparent: 'traceparent',
} as const;

/** What a stamp extractor found on a delivery, as the broker had it: nothing here has been checked yet. */
export interface Stamps {
  readonly messageId?: string | undefined;
  readonly businessId?: string | undefined;
  readonly traceparent?: string | undefined;
}

/** A message that intake may route: its ID is well-formed and its body is within the limits. */
export interface Message {
  readonly messageId: string;
  readonly businessId?: string;
  readonly traceparent?: string;
  readonly body: Uint8Array;
}

/** Why a delivery goes to its side's dead-letter topic. */
export const DEAD_LETTER_REASONS = [
  'missing-id',
  'malformed-id',
  'malformed-business-id',
  'empty',
  'too-large',
  'undecodable',
  'id-reused',
  'id-taken',
  'too-old',
  'record-unreadable',
  'temporal-refuses',
] as const;

export type DeadLetterReason = (typeof DEAD_LETTER_REASONS)[number];

export interface MessageRules {
  /** `json`: the body must be valid UTF-8 JSON. `bytes`: anything goes. */
  readonly body: 'json' | 'bytes';
  /** Largest body, in bytes. */
  readonly bodyBytes: number;
}

export type MessageReading = { readonly message: Message } | { readonly rejected: DeadLetterReason };

/** Longest business ID, in characters; longer ones are taken for a producer's fault. */
const BUSINESS_ID_MAX_LENGTH = 200;

/**
 * Reads a delivery's stamps and body into a message, or says why it cannot be one. Never throws: bad input is a result.
 * A traceparent that is not one is left out, as tracing must not decide what is rewarded.
 */
export function readMessage(stamps: Stamps, body: Uint8Array | null, rules: MessageRules): MessageReading {
  if (stamps.messageId === undefined || stamps.messageId === '') return { rejected: 'missing-id' };
  if (!isMessageId(stamps.messageId)) return { rejected: 'malformed-id' };
  if (body === null || body.byteLength === 0) return { rejected: 'empty' };
  if (body.byteLength > rules.bodyBytes) return { rejected: 'too-large' };
  if (rules.body === 'json' && !isJson(body)) return { rejected: 'undecodable' };
  const { businessId, traceparent } = stamps;
  if (businessId !== undefined && !isBusinessId(businessId)) return { rejected: 'malformed-business-id' };
  return {
    message: {
      messageId: stamps.messageId,
      body,
      ...(businessId !== undefined && { businessId }),
      ...(traceparent !== undefined && isTraceparent(traceparent) && { traceparent }),
    },
  };
}

/** Whether `id` can be a business ID: 1..200 characters, none of them a control character. */
export function isBusinessId(id: string): boolean {
  return id.length > 0 && id.length <= BUSINESS_ID_MAX_LENGTH && !/\p{Cc}/u.test(id);
}

/** W3C Trace Context, version 00: https://www.w3.org/TR/trace-context/#traceparent-header */
function isTraceparent(value: string): boolean {
  return /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/.test(value);
}

function isJson(body: Uint8Array): boolean {
  try {
    JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
    return true;
  } catch {
    // Both throw for one reason only: these bytes are not UTF-8, or not JSON.
    return false;
  }
}

/** Message IDs with this beginning would collide with the cutover workflow's own ID, `handover-<migration>`. */
const RESERVED_ID_PREFIX = 'handover-';

/** It is a workflow ID, a Redis key and a RocketMQ key, so it is kept plain and short. */
const MESSAGE_ID = /^[A-Za-z0-9._:\-/+=@#~]{1,200}$/;

/** Whether `id` is a message ID: 1..200 ASCII letters, digits and `. _ : - / + = @ # ~`, not beginning with `handover-`. */
export function isMessageId(id: string): boolean {
  return MESSAGE_ID.test(id) && !id.startsWith(RESERVED_ID_PREFIX);
}
