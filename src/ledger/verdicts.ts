import type { LedgerRecord } from '../domain/ledger/record.js';
import type { SettledOutcome } from '../domain/reward/outcome.js';
import type { Side } from '../domain/side.js';

/** Answer of `route`: what a side does with a delivery. Each carries the record's owner and the reason for it. */
export type RouteVerdict =
  /** Mine, and nobody works on it: start the workflow. */
  | { readonly verdict: 'process'; readonly owner: Side; readonly reason: string; readonly policyVersion: number }
  /** The other side owns it and has not claimed it yet. */
  | { readonly verdict: 'wait'; readonly owner: Side; readonly reason: string; readonly policyVersion: number }
  /** Durable elsewhere already: acknowledge. `outcome` where it is settled. */
  | { readonly verdict: 'done'; readonly owner: Side; readonly reason: string; readonly outcome?: SettledOutcome }
  /** In a workflow's hands, but not moved for long: ask Temporal whether that workflow is open. */
  | { readonly verdict: 'check'; readonly owner: Side; readonly reason: string; readonly run: string }
  /** The ID was first seen with another payload. */
  | { readonly verdict: 'id-reused' }
  /** No record, and the delivery is older than the ledger's memory: not a first sight. */
  | { readonly verdict: 'too-old' }
  /** The ledger is partial, and nobody has claimed it: only once it is whole can anybody say whether that means something. */
  | { readonly verdict: 'unproved' }
  /** No record, and it was published before the start: acknowledge. */
  | { readonly verdict: 'before-start' }
  /** What Redis holds for this message is no record: nobody can say whether it was rewarded. `why`, for people. */
  | { readonly verdict: 'unreadable'; readonly why: string }
  /** The policy that was passed in may no longer be used: read it anew and ask again. */
  | { readonly verdict: 'stale-policy' };

/** Answer of `claim` and `adopt`. */
export type ClaimVerdict =
  | { readonly verdict: 'claimed'; readonly owner: Side; readonly reason: string; readonly round: number }
  /** Not this side's, and not (yet) to be adopted; `seen`: the sides that have had a delivery of it, as far as is recorded. */
  | {
      readonly verdict: 'not-owner';
      readonly owner: Side;
      readonly reason: string;
      readonly seen: LedgerRecord['seen'];
    }
  /** Another workflow run holds it. */
  | { readonly verdict: 'other-run'; readonly owner: Side; readonly run: string }
  | { readonly verdict: 'settled'; readonly owner: Side; readonly outcome: SettledOutcome }
  /** No record: prove by Temporal that this run is open, and ask again with `restore`. */
  | { readonly verdict: 'lost' };

/** Answer of `begin`: only `go` allows the call. */
export type BeginVerdict =
  | { readonly verdict: 'go'; readonly deadline: number; readonly now: number }
  | { readonly verdict: 'settled'; readonly owner: Side; readonly outcome: SettledOutcome }
  /** The pair (round, attempt) is not above the recorded one: a late or reset execution. */
  | { readonly verdict: 'late'; readonly round: number; readonly attempt: number }
  /** An earlier attempt may be on the wire and was not proved unexecuted. */
  | { readonly verdict: 'uncovered'; readonly round: number; readonly attempt: number }
  /** Parked, and no resolution has opened a new round. */
  | { readonly verdict: 'parked'; readonly round: number }
  | { readonly verdict: 'other-run'; readonly owner: Side; readonly run: string }
  | { readonly verdict: 'lost' };

/** Answer of `beginWitnessed`: only `go` allows the call. */
export type WitnessedBeginVerdict =
  | BeginVerdict
  /** The ledger is not the one that was witnessed: it may have lost the trace of an earlier execution. */
  | { readonly verdict: 'forgotten' };

/** Answer of the steps that only record what is already a fact: `clear`, `park`, `settle`. */
export type RecordVerdict =
  | { readonly verdict: 'recorded' }
  /** It is final already; `outcome` is what the ledger holds. */
  | { readonly verdict: 'settled'; readonly owner: Side; readonly outcome: SettledOutcome }
  /** The record has moved on (another attempt or round): nothing was written. */
  | { readonly verdict: 'moved-on' }
  | { readonly verdict: 'other-run'; readonly owner: Side; readonly run: string }
  | { readonly verdict: 'lost' };

/** Answer of `reopen`, which begins a new round. */
export type ReopenVerdict =
  | { readonly verdict: 'reopened'; readonly round: number }
  /** Too early: when it was observed, the last attempt could still take effect, until `notBefore` (Redis time, ms). */
  | { readonly verdict: 'too-early'; readonly notBefore: number; readonly now: number }
  | { readonly verdict: 'settled'; readonly owner: Side; readonly outcome: SettledOutcome }
  | { readonly verdict: 'moved-on'; readonly round: number }
  | { readonly verdict: 'other-run'; readonly owner: Side; readonly run: string }
  | { readonly verdict: 'lost' };

/** Answer of `resume`: a new run takes over a message whose old run closed before it was settled. */
export type ResumeVerdict =
  /** `clean`: no attempt ever followed the claim. `unknown`: one did, so its outcome counts as unknown. */
  | {
      readonly verdict: 'resumed';
      readonly owner: Side;
      readonly round: number;
      readonly certainty: 'clean' | 'unknown';
    }
  | { readonly verdict: 'settled'; readonly owner: Side; readonly outcome: SettledOutcome }
  /** Nobody has claimed it: it goes the ordinary way. */
  | { readonly verdict: 'not-claimed' }
  /** Neither the closed run nor this one holds it. */
  | { readonly verdict: 'other-run'; readonly owner: Side; readonly run: string }
  | { readonly verdict: 'lost' };

export type { LedgerRecord };
