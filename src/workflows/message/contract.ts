import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { Decision } from '../../domain/policy/policy.js';
import type { Evidence, Resolution, SettledOutcome } from '../../domain/reward/outcome.js';
import type { DeliveredArgs, ParkRequest, RunIdentity } from '../../domain/run.js';
import type { Side } from '../../domain/side.js';

/** What a message workflow completes with. */
export interface MessageResult {
  readonly outcome: SettledOutcome;
  readonly owner: Side;
  readonly round: number;
  readonly attempt: number;
  /** What intake recorded at first sight, to write the settled record anew where the ledger has lost it. */
  readonly origin: { readonly decision: Decision; readonly fingerprint: string };
  /** Who said so, where it was not the provider's own answer. */
  readonly resolvedBy?: string;
}

export interface ResolveArgs {
  /** The round that is answered; refused for any other. */
  readonly round: number;
  readonly resolution: Resolution;
  readonly actor: string;
  readonly reason: string;
  /**
   * When it was given, Redis time (ms). A `resend` is true of that time, whenever a worker comes to carry it out; without
   * it, `resend` is refused unless forced or nothing was sent.
   */
  readonly givenAt?: number;
  /** Resend although the last request may still take effect. Default false. */
  readonly force?: boolean;
}

export interface ResolveResult {
  readonly round: number;
  readonly resolution: Resolution;
  /** What the ledger holds, where that is another outcome than was told: the answer of an attempt came before it. */
  readonly outcome?: SettledOutcome;
}

/** A parked message, as its workflow tells it. */
export interface Parked {
  readonly round: number;
  readonly attempt: number;
  readonly evidence: Evidence;
}

/** How a run stands with its message, to write its record anew where the ledger has lost it. */
export type RunState = { readonly identity: RunIdentity } & (
  | { readonly phase: 'waiting'; readonly delivered: readonly Side[] }
  /** It takes the message over from a closed run, or sees for itself what became of it. */
  | { readonly phase: 'unclear' }
  | { readonly phase: 'held'; readonly owner: Side; readonly round: number }
  | { readonly phase: 'parked'; readonly as: ParkRequest }
);

/** Asked when the ledger is rebuilt; a query leaves no trace in the history. */
export const runStateQuery = defineQuery<RunState>('standing');

/** Another delivery of the message, by either side. */
export const deliveredSignal = defineSignal<[DeliveredArgs]>('delivered');

/** Sent by the reward activity when its first attempt of a round was not executed, so that the UI can show it. */
export const retryingSignal = defineSignal('retrying');

/** A person's answer to a parked message: single use, for one round. */
export const resolveUpdate = defineUpdate<ResolveResult, [ResolveArgs]>('resolve');
