import type { LedgerWitness, MadeWhen } from '../domain/ledger/ledger-health.js';
import type { Decision } from '../domain/policy/policy.js';
import type { Evidence, SettledOutcome } from '../domain/reward/outcome.js';
import type { Side } from '../domain/side.js';
import type { RecordCount } from './redis/record-count.js';
import type {
  BeginVerdict,
  ClaimVerdict,
  LedgerRecord,
  RecordVerdict,
  ReopenVerdict,
  ResumeVerdict,
  RouteVerdict,
  WitnessedBeginVerdict,
} from './verdicts.js';

export interface RouteRequest {
  readonly messageId: string;
  readonly side: Side;
  readonly fingerprint: string;
  /** What the policy says now; used only where nobody has decided yet. */
  readonly decision: Decision;
  /** Redis time (ms) until which that decision may be recorded. */
  readonly validUntil: number;
  /** A record that has not moved for this long is answered `check`, in ms. */
  readonly checkAfterMs: number;
  /** The delivery is older than the ledger's memory: without a record it is not a first sight. */
  readonly beyondMemory: boolean;
  /** The ledger is partial, and Temporal does not surely witness this message. Default false. */
  readonly unproved?: boolean;
  /** It was published before the start, and is not this side's to bring: without a record it is left without one. */
  readonly beforeStart: boolean;
  /** Where this side's copy lies, see `Delivery`. Default: unknown. One that is longer than any broker makes is unknown too. */
  readonly coordinates?: string;
}

/** What a workflow run says of itself with each step. */
export interface Holder {
  readonly messageId: string;
  /** The ID of the workflow's first execution, which survives continue-as-new; of a run that a reset made, its own. */
  readonly run: string;
  /** What intake's `route` recorded, to write the record anew where the ledger has lost it. */
  readonly origin: { readonly decision: Decision; readonly fingerprint: string };
  /** Temporal has just shown this run to be the open one: a lost or older record may be restored. Default false. */
  readonly restore?: boolean;
}

export interface BeginRequest extends Holder {
  readonly owner: Side;
  /** Counts from 1. */
  readonly round: number;
  /** Counts from 1 within the round. */
  readonly attempt: number;
  /** Drawn once per execution of the activity: a repeat of this call is told apart from a second execution. */
  readonly nonce: string;
  /** The last attempt of this round that Temporal proves to have ended unexecuted; 0 for none. */
  readonly cleared: number;
  /** How long from now the attempt may last, in ms. */
  readonly lastsMs: number;
}

/** A message that the age index knows, and of which there is no record. */
export interface LostRecord {
  readonly messageId: string;
  readonly state: 'none';
}

/** A message that the age index knows, and of which there is a record that cannot be read. */
export interface UnreadableRecord {
  readonly messageId: string;
  readonly state: 'unreadable';
  readonly why: string;
}

/**
 * `unseen`: the owner has not had a delivery of it. `seen`: it has, and has not claimed it yet. `claimed`: it has, or is
 * beyond that. `unknown`: there is no record, or none that can be read.
 */
export type OwnerProgress = 'unseen' | 'seen' | 'claimed' | 'unknown';

/**
 * The records of owners and outcomes. Every step is one Lua script on one key, idempotent for its caller's token; see
 * domain/ledger/record.ts for what may follow what.
 * @throws HandoverError `ledger-unavailable` when Redis gives no answer: the step may or may not have been taken, and
 * asking again with the same arguments is safe. `ledger-rejected` when Redis refuses (a read-only replica, no memory).
 */
export interface Ledger {
  /** Decides and records the owner where nobody has, and marks that `side` has seen the message. One pipeline. */
  route(requests: readonly RouteRequest[]): Promise<RouteVerdict[]>;
  /** The states of records as they are now, without touching them; undefined where there is none. One pipeline. */
  states(messageIds: readonly string[]): Promise<(LedgerRecord['state'] | 'unreadable' | undefined)[]>;
  /** How far the messages that `owner` owns have come on its side, without touching their records. One pipeline. */
  ownerProgress(messageIds: readonly string[], owner: Side): Promise<OwnerProgress[]>;
  read(messageId: string): Promise<LedgerRecord | undefined>;

  claim(request: Holder & { readonly side: Side }): Promise<ClaimVerdict>;
  /** A compare-and-set on `assigned`: the other side becomes the owner and claims. `reason` ends up behind `adopted: `. */
  adopt(request: Holder & { readonly side: Side; readonly reason: string }): Promise<ClaimVerdict>;
  begin(request: BeginRequest): Promise<BeginVerdict>;
  /**
   * The same, unless the ledger may have lost something since it was witnessed: for an attempt of which Temporal keeps no
   * count. On a single Redis only.
   */
  beginWitnessed(request: BeginRequest & { readonly witness: LedgerWitness }): Promise<WitnessedBeginVerdict>;
  /** The attempt was surely not executed: `sending` goes back to `claimed`. */
  clear(
    request: Holder & { readonly round: number; readonly attempt: number; readonly nonce: string },
  ): Promise<RecordVerdict>;
  park(
    request: Holder & {
      readonly owner: Side;
      readonly round: number;
      readonly attempt: number;
      readonly evidence: Evidence;
    },
  ): Promise<RecordVerdict>;
  /** Ends the round `round` and begins the next, unless what its last attempt sent may still take effect. */
  reopen(
    request: Holder & {
      readonly owner: Side;
      readonly round: number;
      /** Redis time (ms) before which it is too early; 0 for no wait. */
      readonly notBefore: number;
      /**
       * For how long after the deadline that the ledger has recorded it is too early as well, in ms; the later of the
       * two counts. 0, the default, for no look at that deadline.
       */
      readonly settlesWithinMs?: number;
      /**
       * When it was seen that the last attempt had not taken effect (Redis time, ms): what counts is not when that is
       * carried out. Default: the time of the call, which also bounds it.
       */
      readonly observedAt?: number;
    },
  ): Promise<ReopenVerdict>;
  settle(
    request: Holder & {
      readonly owner: Side;
      readonly round: number;
      readonly attempt: number;
      readonly outcome: SettledOutcome;
    },
  ): Promise<RecordVerdict>;
  /** `run` takes over from `fromRun`, which Temporal shows closed. */
  resume(request: Holder & { readonly fromRun: string }): Promise<ResumeVerdict>;
  /**
   * Notes that nobody works on it; false if it is settled, gone, or held by another run than `run`. One that is only
   * assigned is noted whatever the run, as its workflow closed before it could claim. Cleared by the next step.
   */
  strand(messageId: string, run: string, why: string): Promise<boolean>;

  /** Enters messages into the age index, which is to be done before they are acknowledged. Entering twice is harmless. */
  index(messageIds: readonly string[]): Promise<void>;
  /**
   * Removes the record of a message that nobody has claimed and that was first routed then; false if it is another one by now.
   */
  unroute(messageId: string, made: MadeWhen): Promise<boolean>;
  /** Takes a message out of the age index, after it was settled. One that is left in it is dropped by a later sweep. */
  unindex(messageId: string): Promise<void>;
  /**
   * Unsettled records, the longest in the index first; `beforeMs`: only those indexed or looked at before then (Redis
   * time, the time of the call by default). Also messages that are in the index but have no record: the ledger has lost it, a workflow may have it, so it
   * is for the caller to ask Temporal, and to `unindex` it where that knows nothing. One that cannot be read is told as
   * such, and hides none of the others.
   */
  unsettled(options?: {
    readonly beforeMs?: number;
    readonly limit?: number;
  }): AsyncIterable<LedgerRecord | LostRecord | UnreadableRecord>;
  /** Notes that a sweeper has looked at this one now, so that it goes behind the others. */
  looked(messageId: string): Promise<void>;
  /** How many records there are in each state, counted now. */
  count(): Promise<RecordCount>;
  /** Redis time, in ms since the epoch. */
  now(): Promise<number>;
}
