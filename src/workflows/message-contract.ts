import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { ParkRequest, RunIdentity } from '../activities/resolution-activities.js';
import type { LedgerWitness } from '../domain/ledger-loss.js';
import type { Evidence, Resolution, SettledOutcome } from '../domain/outcome.js';
import type { Decision } from '../domain/policy.js';
import type { Side } from '../domain/side.js';

/** The settings that a run keeps for its life, whatever the workers' configuration becomes. Times in ms. */
export interface MessageSettings {
  readonly attemptTimeoutMs: number;
  readonly settlesWithinMs: number;
  /** Whether the provider can be asked for an unknown outcome. */
  readonly lookup: boolean;
  readonly retry: {
    readonly initialIntervalMs: number;
    readonly backoffCoefficient: number;
    readonly maximumIntervalMs: number;
    readonly maximumAttempts: number;
  };
  readonly adoption: { readonly marginMs: number; readonly firstLookMs: number; readonly longestLookMs: number };
  /** How the first attempt is made: see `Migration`. Default `activity`, as in runs from before there was a choice. */
  readonly dispatch?: 'activity' | 'inline-first';
}

/** One side's delivery, as the workflow is told of it. */
export interface DeliveredArgs {
  readonly side: Side;
  /** Redis time, ms since the epoch. */
  readonly receivedAt: number;
  /** Redis time by which the side's broker had stored it (ms since the epoch). Absent in runs of before: `receivedAt` counts. */
  readonly storedBy?: number;
  /** When the side's broker stored it, by its own clock (ms since the epoch). */
  readonly storedAt?: number;
}

/** What `resume` found in Temporal's histories of the earlier runs. */
export interface Resumes {
  readonly fromRun: string;
  /** An attempt at the reward was scheduled. */
  readonly attempted: boolean;
  /** The side for which it was. */
  readonly owner?: Side;
}

/** What a message workflow is started with; the body is its second argument, so that it stays bytes. */
export interface MessageInput {
  readonly migration: string;
  readonly messageId: string;
  readonly businessId?: string;
  readonly traceparent?: string;
  readonly fingerprint: string;
  readonly decision: Decision;
  readonly delivered: readonly DeliveredArgs[];
  readonly settings: MessageSettings;
  /**
   * How the ledger was when intake routed the message, where its first attempt may be made within the first workflow task.
   * Whoever finds it in a history takes it that this attempt was made.
   */
  readonly witness?: LedgerWitness;
  /** Set by `resume` only: the closed run whose message this one takes over. */
  readonly resumes?: Resumes;
  /** Set by continue-as-new only, in a run that a reset has made: who it is to the ledger. Default: its first execution. */
  readonly run?: string;
}

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
export type Standing = { readonly identity: RunIdentity } & (
  | { readonly phase: 'waiting'; readonly delivered: readonly Side[] }
  /** It takes the message over from a closed run, or sees for itself what became of it. */
  | { readonly phase: 'unclear' }
  | { readonly phase: 'held'; readonly owner: Side; readonly round: number }
  | { readonly phase: 'parked'; readonly as: ParkRequest }
);

/** Asked when the ledger is rebuilt; a query leaves no trace in the history. */
export const standingQuery = defineQuery<Standing>('standing');

/** Another delivery of the message, by either side. */
export const deliveredSignal = defineSignal<[DeliveredArgs]>('delivered');

/** Sent by the reward activity when its first attempt of a round was not executed, so that the UI can show it. */
export const retryingSignal = defineSignal('retrying');

/** A person's answer to a parked message: single use, for one round. */
export const resolveUpdate = defineUpdate<ResolveResult, [ResolveArgs]>('resolve');
