import type { z } from 'zod';
import type { HttpLookupOptions, HttpProviderOptions } from '../reward/http/options.js';
import type { RewardProvider } from '../reward/provider.js';
import { describeIssues } from './faults.js';
import { httpProviderSchema } from './http-provider-schema.js';
import { isRecord } from './schema-parts.js';

export type ProviderReading =
  | {
      /** Undefined as long as nobody has named a URL. */
      readonly provider: HttpProviderOptions | RewardProvider | undefined;
      readonly hasLookup: boolean;
      /** The longest that one request may take, where that is known: of a user's own provider it is not. */
      readonly requestMs?: number;
    }
  | { readonly faults: readonly string[] };

/** Reads what a config says of its provider: settings for HTTP, or an object of the user's own, told by its `grant`. */
export function readProvider(given: unknown, rewardUrl: string | undefined): ProviderReading {
  if (isRecord(given) && 'grant' in given) return readOwnProvider(given);
  const parsed = httpProviderSchema.safeParse(given === undefined ? {} : given);
  if (!parsed.success) return { faults: describeIssues(parsed.error, ['provider']) };
  const { url = rewardUrl, lookup, lookupUrl, connectTimeout, timeout } = parsed.data;
  if (lookup !== undefined && lookupUrl !== undefined) {
    return { faults: ['provider.lookupUrl: must not be set beside lookup, which has a URL of its own'] };
  }
  return {
    provider: url === undefined ? undefined : httpProviderOptions(parsed.data, rewardUrl ?? url),
    hasLookup: lookup !== undefined || lookupUrl !== undefined,
    requestMs: connectTimeout + timeout,
  };
}

function readOwnProvider(given: Readonly<Record<string, unknown>>): ProviderReading {
  const { grant, lookup, close } = given;
  const faults = Object.entries({ grant, lookup, close }).flatMap(([name, member]) =>
    typeof member === 'function' || (member === undefined && name !== 'grant')
      ? []
      : [`provider.${name}: must be a function`],
  );
  if (faults.length > 0) return { faults };
  // Kept as it is, not copied or frozen: it may have state, and its methods on a prototype.
  return { provider: given as unknown as RewardProvider, hasLookup: lookup !== undefined };
}

type LookupSettings = NonNullable<z.output<typeof httpProviderSchema>['lookup']>;

function lookupOptions({
  url,
  grantedWhen,
  absentWhen,
}: LookupSettings | ({ url: string } & Partial<LookupSettings>)): HttpLookupOptions {
  return { url, ...(grantedWhen !== undefined && { grantedWhen }), ...(absentWhen !== undefined && { absentWhen }) };
}

function httpProviderOptions(settings: z.output<typeof httpProviderSchema>, url: string): HttpProviderOptions {
  const { method, headers, body, connectTimeout, timeout, answerBytes, connections, statusClasses } = settings;
  const { idempotencyHeader, lookupUrl } = settings;
  const lookup = settings.lookup ?? (lookupUrl === undefined ? undefined : { url: lookupUrl });
  return {
    kind: 'http',
    url,
    method,
    headers,
    connectTimeoutMs: connectTimeout,
    timeoutMs: timeout,
    answerBytes,
    connections,
    statusClasses,
    ...(body !== undefined && { body }),
    ...(idempotencyHeader !== undefined && { idempotencyHeader }),
    ...(lookup !== undefined && { lookup: lookupOptions(lookup) }),
  };
}
