import type { GrantResult } from './outcome.js';

/** Messages in a row whose attempts blame the worker, from which on the worker is believed to be at fault. */
const MESSAGES_IN_A_ROW = 3;

/** What the attempts of late say of this worker. One message that is forbidden (403) blames the worker as well as one of many. */
export interface ProviderFault {
  /** The messages, each once, whose attempts have blamed the worker since one did not. No more than it takes. */
  readonly blamedBy: readonly string[];
  /** What the provider said last. */
  readonly detail: string;
}

export const NO_PROVIDER_FAULT: ProviderFault = { blamedBy: [], detail: '' };

/**
 * The same, after an attempt. One that the provider has answered in any other way shows that it takes this worker; one of
 * which nothing is known shows nothing.
 */
export function afterAttempt(fault: ProviderFault, messageId: string, result: GrantResult): ProviderFault {
  if (result.outcome === 'unknown') return fault;
  if (result.outcome !== 'not-executed' || result.workerAtFault !== true) return NO_PROVIDER_FAULT;
  const { blamedBy } = fault;
  const known = blamedBy.includes(messageId) || blamedBy.length >= MESSAGES_IN_A_ROW;
  return { blamedBy: known ? blamedBy : [...blamedBy, messageId], detail: result.evidence.detail };
}

/** Why no attempt of this worker's can succeed, until someone mends it; undefined while it is the messages' own affair. */
export function faultOfWorker({ blamedBy, detail }: ProviderFault): string | undefined {
  if (blamedBy.length < MESSAGES_IN_A_ROW) return undefined;
  return `it rejects this worker for ${MESSAGES_IN_A_ROW} messages and more in a row: ${detail}`;
}

/** Attempts in a row that have settled nothing, whosever fault that is. Times by a monotonic clock, in ms. */
export interface Fruitless {
  readonly attempts: number;
  readonly since: number;
  readonly lastAt: number;
  /** What became of the last one. */
  readonly detail: string;
}

/** Fewer are the affair of their messages. And what was tried last so long ago says nothing of now, in ms. */
const FRUITLESS_IN_A_ROW = 5;
const FORGOTTEN_AFTER_MS = 10 * 60_000;

/** The same, after an attempt. An answer that settles a message ends it. */
export function countFruitless(before: Fruitless | undefined, result: GrantResult, now: number): Fruitless | undefined {
  if (result.outcome !== 'not-executed' && result.outcome !== 'unknown') return undefined;
  const { attempts = 0, since = now } = before ?? {};
  return { attempts: attempts + 1, since, lastAt: now, detail: result.evidence.detail };
}

/** Without this a provider that is away for all would be seen in metrics only, while no reward is given. */
export function describeFruitless(fruitless: Fruitless | undefined, now: number): string | undefined {
  if (fruitless === undefined || fruitless.attempts < FRUITLESS_IN_A_ROW) return undefined;
  const { attempts, since, lastAt, detail } = fruitless;
  if (now - lastAt > FORGOTTEN_AFTER_MS) return undefined;
  const seconds = Math.round((now - since) / 1_000);
  return `none of the last ${attempts} attempts of this process, in ${seconds} s, has settled a message; the last one: ${detail}`;
}
