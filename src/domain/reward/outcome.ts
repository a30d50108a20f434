/** How far an attempt at the reward got. Only `not-sent` proves that the provider cannot have executed it. */
export const PHASES = ['not-sent', 'sent', 'answered'] as const;

export type Phase = (typeof PHASES)[number];

/** What is known of an attempt, for the person who has to resolve it. Holds no body, header or secret. */
export interface Evidence {
  readonly phase: Phase;
  /** What happened, in one plain sentence. */
  readonly detail: string;
  /** The HTTP status, where an answer came. */
  readonly status?: number;
  /** Bytes of the answer's body that arrived. */
  readonly bytes?: number;
  /** From the begin of the attempt to its end, in milliseconds. */
  readonly latencyMs?: number;
}

/** What is kept of a parked message for the person who has to resolve it. */
export interface ParkedEvidence extends Evidence {
  /**
   * From when on what was sent can no longer take effect, so that `resend` is accepted (Redis time, ms since the epoch);
   * 0: at once, as nothing was executed. Not there where an earlier version parked it.
   */
  readonly resendAfter?: number;
  /** What the provider's lookup said last, where it was asked. */
  readonly lookup?: LookupEvidence;
}

/** What a lookup said, for the person who has to resolve what it left open. Holds no body, header or secret. */
export interface LookupEvidence {
  readonly result: LookupResult;
  /** What was answered and why it means that, in one plain sentence. */
  readonly detail: string;
  /** The HTTP status, where an answer came. */
  readonly status?: number;
  /** When it was asked (Redis time, ms since the epoch). */
  readonly askedAt?: number;
}

/** The provider gave the reward. */
export interface Granted {
  readonly outcome: 'granted';
  readonly evidence: Evidence;
}

/** A definite business no: no reward was given, and asking again will not change that. */
export interface Refused {
  readonly outcome: 'refused';
  readonly evidence: Evidence;
}

/** The provider surely did not execute the attempt, so another one may be made. */
export interface NotExecuted {
  readonly outcome: 'not-executed';
  readonly evidence: Evidence;
  /** How long the provider asked us to wait before the next attempt, in milliseconds. */
  readonly retryAfterMs?: number;
  /** The provider rejects this worker's credentials or route: no attempt of its can succeed until someone mends it. */
  readonly workerAtFault?: boolean;
}

/** Nobody can tell whether the reward was given. Never followed by another attempt without proof or a person's word. */
export interface Unknown {
  readonly outcome: 'unknown';
  readonly evidence: Evidence;
}

export type GrantResult = Granted | Refused | NotExecuted | Unknown;

/** What a lookup at the provider says of a message's reward. */
export type LookupResult = 'granted' | 'absent' | 'unknown';

/** The same, with what it rests on. */
export interface LookupReport extends Pick<LookupEvidence, 'result' | 'detail' | 'status'> {
  /** Asking again is in vain: the lookup is not set up to tell. */
  readonly inVain?: boolean;
}

/** How a message can end in the ledger; `abandoned` is a person's decision to give up on an unknown outcome. */
export const SETTLED_OUTCOMES = ['granted', 'refused', 'abandoned'] as const;

export type SettledOutcome = (typeof SETTLED_OUTCOMES)[number];

/** A person's answer to a parked message. */
export const RESOLUTIONS = ['granted', 'resend', 'abandon'] as const;

export type Resolution = (typeof RESOLUTIONS)[number];

export function isResolution(value: unknown): value is Resolution {
  return RESOLUTIONS.includes(value as Resolution);
}

/**
 * How long before its activity times out an attempt at the reward stops sending, in ms: its own word must arrive before
 * Temporal gives it up, as an attempt that ends without a word leaves the outcome unknown.
 */
export const REPORT_MARGIN_MS = 2_000;
