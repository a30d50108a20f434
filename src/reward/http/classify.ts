import type { StatusClass } from './options.js';

/** The provider rejects who asks, not what is asked: no attempt of this worker's can succeed until someone mends it. */
const WORKER_AT_FAULT = [401, 403, 407] as const;

/** A 4xx is a definite no, but for these. */
const NOT_A_REFUSAL: Readonly<Record<number, StatusClass>> = {
  401: 'not-executed',
  403: 'not-executed',
  407: 'not-executed',
  // The provider may have begun before it gave up waiting for us.
  408: 'unknown',
  // "Conflict" is often said of a request that was executed before.
  409: 'unknown',
  425: 'unknown',
  429: 'not-executed',
};

/**
 * What a whole answer with this status says of the reward.
 *
 * @param hasRetryAfter Whether the answer says when to come again: a 503 that does was turned away at the door.
 * @param differing What the configuration says of single codes; it goes before everything else.
 */
export function classifyStatus(
  status: number,
  hasRetryAfter: boolean,
  differing: Readonly<Record<number, StatusClass>> = {},
): StatusClass {
  const configured = differing[status];
  if (configured !== undefined) return configured;
  if (status >= 200 && status <= 299) return 'granted';
  if (status >= 400 && status <= 499) return NOT_A_REFUSAL[status] ?? 'refused';
  if (status === 503 && hasRetryAfter) return 'not-executed';
  return 'unknown';
}

/** Whether a status that was not executed is this worker's own fault: its credentials or its route. */
export function blamesWorker(status: number): boolean {
  return WORKER_AT_FAULT.some((code) => code === status);
}
