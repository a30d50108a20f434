import type { LookupResult } from './outcome.js';

/** How many times a lookup is asked about one round before the message is parked. */
export const LOOKUPS = 6;

/** The first pause after a lookup that could not tell, in ms; each further one is twice as long. */
export const FIRST_PAUSE_MS = 1_000;

/** A lookup's answer, as the message's run heard it. */
export interface LookupHeard {
  readonly result: LookupResult;
  /** When the provider was asked (Redis time, ms): the answer speaks of the time before it. */
  readonly askedAt: number;
  /** When the run heard it (Temporal's time, ms): a second clock, as Redis' may jump at a failover. */
  readonly heardAt: number;
  /** No later answer can be another one: the lookup is not set up to tell. */
  readonly inVain?: boolean;
}

export interface LookupRules {
  /** From when on nothing that was sent can take effect any more (Redis time, ms). */
  readonly notBefore: number;
  /** How far apart two 'absent' must be to count, in ms. */
  readonly apartMs: number;
  /** Whether a lookup may open a round: see {@link maySendAgain}. */
  readonly maySendAgain: boolean;
}

export type LookupStep =
  /** The reward was given. */
  | { readonly step: 'settle' }
  /** It was not, and will not be: a new round. `observedAt`: as of which Redis time (ms). */
  | { readonly step: 'send-again'; readonly observedAt: number }
  /** `first`: the 'absent' that a second one has to confirm. */
  | { readonly step: 'ask-again'; readonly inMs: number; readonly first?: LookupHeard }
  /** A person has to find out. */
  | { readonly step: 'park' };

/**
 * Whether a lookup may open a new round: once for a message, ever. A run knows that no lookup has done so only in the
 * first round of a message of which no other run has sent anything. Without this, a lookup that answers for something
 * else than the provider has one message sent again and again.
 */
export function maySendAgain(of: {
  readonly round: number;
  /** No run before this one has sent anything for the message. */
  readonly isFirst: boolean;
  /** A reset has made this run, and the one before may have gone on from there. */
  readonly inDoubt: boolean;
}): boolean {
  return of.round === 1 && of.isFirst && !of.inDoubt;
}

/** How far apart two 'absent' must be to count, in ms: what one of them may have been too early for, the other is not. */
export function apartMs(times: { readonly settlesWithinMs: number; readonly attemptTimeoutMs: number }): number {
  return Math.max(times.settlesWithinMs, times.attemptTimeoutMs);
}

/**
 * What follows from a lookup's answer. One 'absent' is not enough: it may come from a copy that lags behind, from a cache,
 * or too early for a provider that took longer than it says.
 *
 * @param asked How many times the lookup was asked before this time, for this round.
 * @param first The 'absent' that the last step has handed on, if any.
 */
export function afterLookup(
  heard: LookupHeard,
  asked: number,
  first: LookupHeard | undefined,
  rules: LookupRules,
): LookupStep {
  const { result, askedAt, heardAt } = heard;
  const { notBefore } = rules;
  if (result === 'granted') return { step: 'settle' };
  if (heard.inVain === true) return { step: 'park' };
  const again = (inMs: number, confirms = first): LookupStep =>
    asked + 1 >= LOOKUPS
      ? { step: 'park' }
      : { step: 'ask-again', inMs: Math.ceil(inMs), ...(confirms !== undefined && { first: confirms }) };
  if (result === 'unknown') return again(FIRST_PAUSE_MS * 2 ** asked);
  if (askedAt <= notBefore) return again(Math.max(notBefore - askedAt + 1, FIRST_PAUSE_MS), undefined);
  // Nothing follows from it by itself, but a person wants to know of it.
  if (!rules.maySendAgain) return { step: 'park' };
  // The time before which it does not count may have moved on since the first one.
  if (first === undefined || first.askedAt <= notBefore) return again(rules.apartMs + 1, heard);
  const apart = Math.min(askedAt - first.askedAt, heardAt - first.heardAt);
  if (apart < rules.apartMs) return again(Math.max(rules.apartMs - apart + 1, FIRST_PAUSE_MS));
  return { step: 'send-again', observedAt: first.askedAt };
}
