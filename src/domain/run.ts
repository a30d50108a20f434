import type { LedgerWitness } from './ledger/ledger-health.js';
import type { Decision } from './policy/policy.js';
import type { ParkedEvidence } from './reward/outcome.js';
import type { Side } from './side.js';

/** Which run speaks, of which message. */
export interface RunIdentity {
  readonly messageId: string;
  readonly run: string;
  readonly origin: { readonly decision: Decision; readonly fingerprint: string };
}

export interface ParkRequest extends RunIdentity {
  readonly owner: Side;
  readonly round: number;
  readonly attempt: number;
  readonly evidence: ParkedEvidence;
}

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
