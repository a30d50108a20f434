import { z } from 'zod';
import type { StatusClass } from '../reward/http/options.js';
import type { RewardMessage } from '../reward/provider.js';
import { answerConditionSchema } from './answer-condition-schema.js';
import { duration, functionOf, HOUR, headerName, headerValue, oneOf, SECOND, wholeNumber } from './schema-parts.js';

/** The client writes these itself, from the request that it has. */
const OWN_HEADERS = ['connection', 'content-length', 'expect', 'keep-alive', 'transfer-encoding', 'upgrade'];

const STATUS_CLASSES = ['granted', 'refused', 'not-executed', 'unknown'] as const satisfies readonly StatusClass[];

const ownHeaderName = headerName.refine((name) => !OWN_HEADERS.includes(name.toLowerCase()), {
  error: 'is a header that is written by the client',
});

export const httpProviderSchema = z.strictObject(
  {
    url: httpUrl().optional(),
    method: oneOf(['POST', 'PUT', 'PATCH']).default('POST'),
    headers: z
      .record(ownHeaderName, headerValue, {
        error: (issue) => (issue.code === 'invalid_key' ? 'is not a header that can be set' : 'must be an object'),
      })
      .default({}),
    body: functionOf<(message: RewardMessage) => Uint8Array | string>().optional(),
    connectTimeout: duration(1, HOUR).default(3 * SECOND),
    timeout: duration(1, HOUR).default(10 * SECOND),
    answerBytes: wholeNumber(0, 64 * 1024 * 1024).default(65_536),
    connections: wholeNumber(1, 10_000).default(64),
    statusClasses: z
      .record(z.string().regex(/^[2-5]\d\d$/), oneOf(STATUS_CLASSES), {
        error: (issue) => (issue.code === 'invalid_key' ? 'is not a status from 200 to 599' : 'must be an object'),
      })
      .default({}),
    idempotencyHeader: ownHeaderName.optional(),
    lookup: z
      .strictObject({
        url: lookupUrl(),
        grantedWhen: answerConditionSchema.optional(),
        absentWhen: answerConditionSchema.optional(),
      })
      .refine(({ grantedWhen, absentWhen }) => grantedWhen !== undefined || absentWhen !== undefined, {
        error: 'must have grantedWhen or absentWhen, as without them no answer means anything',
      })
      .refine(({ grantedWhen, absentWhen }) => JSON.stringify(grantedWhen) !== JSON.stringify(absentWhen), {
        error: 'must not say the same in grantedWhen and absentWhen',
      })
      .optional(),
    lookupUrl: lookupUrl().optional(),
  },
  {
    error: (issue) => (issue.code === 'invalid_type' ? 'must be HTTP settings, or an object with grant()' : undefined),
  },
);

function lookupUrl() {
  return httpUrl().refine(namesMessage, { error: 'must have {messageId} in its path or query' });
}

export function httpUrl() {
  const error = 'must be an http:// or https:// URL';
  return z.string({ error }).refine(isHttpUrl, { error, abort: true });
}

function isHttpUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return (protocol === 'http:' || protocol === 'https:') && isDecodable(username) && isDecodable(password);
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    // It throws for one reason only: a stray percent sign.
    return false;
  }
}

/** Whether the placeholder is there, and not in the host, where it would send messages' IDs to as many servers. */
function namesMessage(template: string): boolean {
  const [one, other] = ['a', 'b'].map((id) => template.replaceAll('{messageId}', id));
  if (one === undefined || other === undefined || one === other) return false;
  return URL.canParse(one) && URL.canParse(other) && new URL(one).origin === new URL(other).origin;
}
