import { Pool } from 'undici';
import type { Evidence, GrantResult } from '../../domain/reward/outcome.js';
import type { AttemptContext, RewardMessage, RewardProvider } from '../provider.js';
import { blamesWorker, classifyStatus } from './classify.js';
import { type AnswerHeaders, type Exchange, type ExchangeRequest, type ExchangeRules, exchange } from './exchange.js';
import { lookUp } from './lookup.js';
import type { HttpProviderOptions } from './options.js';
import { readHttpDate, readRetryAfter } from './retry-after.js';

/**
 * How long a connection may lie idle before it is closed, in ms: by default, and at most where the provider names a time.
 * A connection that was closed on the other side while it lay idle swallows the next request without a trace, and such a
 * request's outcome is unknown: a person has to resolve it. So none is kept for long.
 */
const IDLE_CONNECTION_MS = 1_000;

const IDLE_CONNECTION_MAX_MS = 4_000;

const JSON_BODY = { 'content-type': 'application/json' } as const;

/**
 * The reward by one HTTP request per attempt: no retry, no redirect, nothing pipelined. What an answer means is in
 * status-classes.ts; what no answer means depends on whether the request was handed to the socket.
 */
export function createHttpProvider(options: HttpProviderOptions): RewardProvider {
  const { connectTimeoutMs, timeoutMs, answerBytes, lookup } = options;
  const target = new URL(options.url);
  const headers = fixedHeaders(target, options.headers);
  const pools = new Map<string, Pool>();

  function poolFor(origin: string): Pool {
    const known = pools.get(origin);
    if (known !== undefined) return known;
    const pool = new Pool(origin, {
      connections: options.connections,
      pipelining: 1,
      connect: { timeout: connectTimeoutMs },
      keepAliveTimeout: IDLE_CONNECTION_MS,
      keepAliveMaxTimeout: IDLE_CONNECTION_MAX_MS,
    });
    pools.set(origin, pool);
    return pool;
  }

  function send(
    url: URL,
    request: Omit<ExchangeRequest, 'path'>,
    rules: Pick<ExchangeRules, 'signal' | 'maySend' | 'keepsBody'>,
  ): Promise<Exchange> {
    const path = `${url.pathname}${url.search}`;
    return exchange(poolFor(url.origin), { ...request, path }, { connectTimeoutMs, timeoutMs, answerBytes, ...rules });
  }

  async function attempt(message: RewardMessage, context: AttemptContext): Promise<GrantResult> {
    let body: Uint8Array | string;
    try {
      body = makeBody(options, message);
    } catch {
      // Its text may quote the message, which evidence must not hold.
      return notSent('Nothing was sent: the configured function that makes the request body threw.');
    }
    const request = {
      method: options.method,
      headers: { ...JSON_BODY, ...headers, ...headersOf(message, options) },
      body,
    };
    const rules = { signal: context.signal, maySend: () => context.maySend() };
    return resultOf(await send(target, request, rules), target.origin, options);
  }

  return {
    async grant(message, context) {
      const began = performance.now();
      const result = await attempt(message, context);
      return { ...result, evidence: { ...result.evidence, latencyMs: Math.round(performance.now() - began) } };
    },
    ...(lookup !== undefined && {
      lookup: ({ messageId }, { signal }) =>
        lookUp(lookup, messageId, (url) => {
          const request = { method: 'GET', headers: fixedHeaders(url, options.headers), body: null };
          return send(url, request, { signal, maySend: () => true, keepsBody: true });
        }),
    }),
    /** Cuts off what is still under way, so drain first. */
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.destroy()));
    },
  };
}

function makeBody(options: HttpProviderOptions, message: RewardMessage): Uint8Array | string {
  const body = options.body === undefined ? message.body : options.body(message);
  if (typeof body !== 'string' && !(body instanceof Uint8Array)) {
    throw new TypeError('the body must be a string or a Uint8Array');
  }
  return body;
}

/** The headers of every request to this URL. The configured ones win. */
function fixedHeaders(url: URL, configured: Readonly<Record<string, string>>): Record<string, string> {
  const headers: Record<string, string> = {};
  if (url.username !== '' || url.password !== '') {
    const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    headers['authorization'] = `Basic ${Buffer.from(credentials).toString('base64')}`;
  }
  for (const [name, value] of Object.entries(configured)) headers[name.toLowerCase()] = value;
  return headers;
}

function headersOf(message: RewardMessage, options: HttpProviderOptions): Record<string, string> {
  const headers: Record<string, string> = {};
  const { idempotencyHeader } = options;
  if (message.traceparent !== undefined) headers['traceparent'] = message.traceparent;
  if (idempotencyHeader !== undefined) headers[idempotencyHeader.toLowerCase()] = message.messageId;
  return headers;
}

function resultOf(what: Exchange, origin: string, options: HttpProviderOptions): GrantResult {
  switch (what.kind) {
    case 'not-sent':
      return notSent(`Nothing was sent to ${origin}: ${what.reason}.`);
    case 'broken': {
      const { status, bytes, reason } = what;
      const evidence: Evidence =
        status === undefined
          ? { phase: 'sent', detail: `The request was sent to ${origin}, but ${reason}.` }
          : { phase: 'answered', status, bytes, detail: `${origin} began to answer ${status}, but ${reason}.` };
      return { outcome: 'unknown', evidence };
    }
    case 'answered':
      return answered(what, origin, options);
  }
}

function answered(
  answer: Extract<Exchange, { kind: 'answered' }>,
  origin: string,
  options: HttpProviderOptions,
): GrantResult {
  const { status, bytes } = answer;
  const retryAfterMs = retryAfterOf(answer.headers);
  const evidence: Evidence = { phase: 'answered', detail: `${origin} answered ${status}.`, status, bytes };
  const outcome = classifyStatus(status, retryAfterMs !== undefined, options.statusClasses);
  if (outcome !== 'not-executed') return { outcome, evidence };
  return {
    outcome,
    evidence,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(blamesWorker(status) && { workerAtFault: true }),
  };
}

function retryAfterOf(headers: AnswerHeaders): number | undefined {
  const value = single(headers['retry-after']);
  const date = single(headers['date']);
  const now = date === undefined ? undefined : readHttpDate(date);
  return value === undefined ? undefined : readRetryAfter(value, now ?? Date.now());
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

function notSent(detail: string): GrantResult {
  return { outcome: 'not-executed', evidence: { phase: 'not-sent', detail } };
}

/** Makes the provider that a migration names: its own object as it is, or the HTTP provider with its settings. */
export function openProvider(provider: HttpProviderOptions | RewardProvider): RewardProvider {
  return 'grant' in provider ? provider : createHttpProvider(provider);
}
