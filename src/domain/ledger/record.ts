import type { ParkedEvidence } from '../reward/outcome.js';
import type { Side } from '../side.js';

/** The states of a ledger record. `none`: never seen, lost, or expired after it was settled. */
export const RECORD_STATES = ['none', 'assigned', 'claimed', 'sending', 'parked', 'settled'] as const;
export type RecordState = (typeof RECORD_STATES)[number];

/** The steps that move a record. Each is one script of the ledger; `restore` is a step taken with proof from Temporal. */
export const LEDGER_STEPS = [
  'route',
  'claim',
  'adopt',
  'begin',
  'clear',
  'park',
  'reopen',
  'settle',
  'resume',
  'expire',
] as const;
export type LedgerStep = (typeof LEDGER_STEPS)[number];

export interface Transition {
  readonly from: RecordState;
  readonly step: LedgerStep;
  readonly to: RecordState;
  /**
   * `anyone`: no workflow holds the message yet, or the step is time's.
   * `holder`: only the workflow run that the record names; the same run repeating itself gets the same verdict.
   * `open-run`: only a run that Temporal has just shown to be the open one: the ledger has lost the record or an older
   * value came back, which may name an earlier run, and the run restores what it knows. Never `begin` over another
   * run's record: what that run sent is not known.
   */
  readonly by: 'anyone' | 'holder' | 'open-run';
}

/**
 * The whole life of a record (design, section 4), as data. Whatever is not listed is refused. Deliberately absent: any
 * way back to `assigned`, as ownership is never released on failure, and any way out of `settled` but its expiry.
 */
export const TRANSITIONS: readonly Transition[] = [
  { from: 'none', step: 'route', to: 'assigned', by: 'anyone' },
  { from: 'assigned', step: 'claim', to: 'claimed', by: 'anyone' },
  { from: 'assigned', step: 'adopt', to: 'claimed', by: 'anyone' },
  { from: 'claimed', step: 'claim', to: 'claimed', by: 'holder' },
  { from: 'claimed', step: 'adopt', to: 'claimed', by: 'holder' },
  { from: 'claimed', step: 'begin', to: 'sending', by: 'holder' },
  { from: 'claimed', step: 'park', to: 'parked', by: 'holder' },
  { from: 'claimed', step: 'reopen', to: 'claimed', by: 'holder' },
  { from: 'claimed', step: 'settle', to: 'settled', by: 'holder' },
  { from: 'sending', step: 'begin', to: 'sending', by: 'holder' },
  { from: 'sending', step: 'clear', to: 'claimed', by: 'holder' },
  { from: 'sending', step: 'park', to: 'parked', by: 'holder' },
  { from: 'sending', step: 'reopen', to: 'claimed', by: 'holder' },
  { from: 'sending', step: 'settle', to: 'settled', by: 'holder' },
  { from: 'parked', step: 'park', to: 'parked', by: 'holder' },
  { from: 'parked', step: 'reopen', to: 'claimed', by: 'holder' },
  { from: 'parked', step: 'settle', to: 'settled', by: 'holder' },
  { from: 'settled', step: 'settle', to: 'settled', by: 'anyone' },
  { from: 'settled', step: 'expire', to: 'none', by: 'anyone' },

  { from: 'none', step: 'claim', to: 'claimed', by: 'open-run' },
  { from: 'none', step: 'adopt', to: 'claimed', by: 'open-run' },
  { from: 'none', step: 'begin', to: 'sending', by: 'open-run' },
  { from: 'none', step: 'park', to: 'parked', by: 'open-run' },
  { from: 'none', step: 'reopen', to: 'claimed', by: 'open-run' },
  { from: 'none', step: 'settle', to: 'settled', by: 'open-run' },
  { from: 'none', step: 'resume', to: 'parked', by: 'open-run' },
  { from: 'assigned', step: 'begin', to: 'sending', by: 'open-run' },
  { from: 'assigned', step: 'park', to: 'parked', by: 'open-run' },
  { from: 'assigned', step: 'reopen', to: 'claimed', by: 'open-run' },
  { from: 'assigned', step: 'settle', to: 'settled', by: 'open-run' },
  { from: 'claimed', step: 'park', to: 'parked', by: 'open-run' },
  { from: 'claimed', step: 'reopen', to: 'claimed', by: 'open-run' },
  { from: 'claimed', step: 'settle', to: 'settled', by: 'open-run' },
  { from: 'sending', step: 'park', to: 'parked', by: 'open-run' },
  { from: 'sending', step: 'reopen', to: 'claimed', by: 'open-run' },
  { from: 'sending', step: 'settle', to: 'settled', by: 'open-run' },
  { from: 'parked', step: 'park', to: 'parked', by: 'open-run' },
  { from: 'parked', step: 'reopen', to: 'claimed', by: 'open-run' },
  { from: 'parked', step: 'settle', to: 'settled', by: 'open-run' },
  { from: 'claimed', step: 'resume', to: 'claimed', by: 'open-run' }, // no attempt ever followed the claim
  { from: 'claimed', step: 'resume', to: 'parked', by: 'open-run' }, // one did
  { from: 'sending', step: 'resume', to: 'parked', by: 'open-run' },
  { from: 'parked', step: 'resume', to: 'parked', by: 'open-run' },
];

/** Whether `step` may lead from `from` to `to`, for whoever the table says. */
export function isTransition(from: RecordState, step: LedgerStep, to: RecordState): boolean {
  return TRANSITIONS.some((entry) => entry.from === from && entry.step === step && entry.to === to);
}

/** In the place of a copy's coordinates: its side has acknowledged it without a workflow, as the other side's is to come. */
export const LEFT_TO_THE_OTHER_COPY = 'left';

/** What the ledger knows of one message. */
export interface LedgerRecord {
  readonly messageId: string;
  readonly state: Exclude<RecordState, 'none'>;
  readonly owner: 'kafka' | 'rocketmq';
  /** Why this side owns it: the decision's reason, or `adopted: ...`. */
  readonly reason: string;
  /** Version of the policy that decided at first sight; an adoption does not change it. */
  readonly policyVersion: number;
  readonly fingerprint: string;
  readonly seen: { readonly kafka: boolean; readonly rocketmq: boolean };
  /**
   * Where the copy lies that each side had of it before anybody claimed it, or {@link LEFT_TO_THE_OTHER_COPY}. Absent: that
   * side had none then, an older build wrote the record, or it is settled.
   */
  readonly copies?: Partial<Readonly<Record<Side, string>>>;
  /** The workflow run that holds the message, by its first execution's ID or, after a reset, its own; undefined while it is only assigned. */
  readonly run?: string;
  /** Round and attempt of the last `begin`; 0 before the first. */
  readonly round: number;
  readonly attempt: number;
  /** Until when the request of that attempt may be written or answered, in Redis time (ms since the epoch). */
  readonly deadline?: number;
  readonly outcome?: 'granted' | 'refused' | 'abandoned';
  /** When the record was made and when it last moved, in Redis time (ms since the epoch); unknown once settled. */
  readonly createdAt?: number;
  readonly movedAt?: number;
  /** What is known of the last attempt, while it is parked. */
  readonly evidence?: ParkedEvidence;
  /** Why nobody works on it although it is not settled, where a sweeper or a delivery found that. */
  readonly stranded?: string;
}
