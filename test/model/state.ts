import type { RecordState } from '../../src/domain/ledger/record.js';
import type { SettledOutcome } from '../../src/domain/reward/outcome.js';
import type { Side } from '../../src/domain/side.js';

/**
 * One message and all that is known of it anywhere, as a value: nothing in it is ever changed in place. Runs are
 * numbered in the order of their starts; 0 is nobody.
 */
export interface State {
  readonly copies: Readonly<Record<Side, Copy>>;
  readonly row: LedgerRow;
  /** An older value of the record, that a replica or a snapshot has kept. */
  readonly saved: LedgerRow | undefined;
  /** Whether the age index has the message. */
  readonly indexed: boolean;
  readonly run: Run;
  /** The attempt that Temporal waits for. */
  readonly live: Attempt | undefined;
  /** Executions that Temporal has given up on and that go on. */
  readonly zombies: readonly Attempt[];
  /** A script that an earlier execution of the workflow's step has sent, and that Redis has not run yet. */
  readonly late: LateStep | undefined;
  /** A person's word that is with Temporal and that no worker has taken up. */
  readonly answer: Answer | undefined;
  /** A person has read the closed run and is about to start another one. */
  readonly resuming: Resuming | undefined;
  /** Times that the reward took effect, and requests that may still take effect although we gave up on them. */
  readonly effects: number;
  readonly air: number;
  /** For how many settling times to come the lookup may not know of the last effect. */
  readonly behind: number;
  /** Rounds that a lookup has opened: for judging only, no rule reads it. */
  readonly resent: number;
  /** What Temporal's histories, taken together, say: an attempt was scheduled. */
  readonly attempted: boolean;
  /** The side that was first allowed to send: for judging only, no rule reads it. */
  readonly sender: Side | undefined;
  readonly faults: number;
  readonly lost: boolean;
  readonly rolledBack: boolean;
  /** Either of them has happened since the run was given its witness. */
  readonly forgot: boolean;
}

/** One broker's copy of the message, of which there may be any number of deliveries, one after the other or side by side. */
export interface Copy {
  /** `new`: not delivered yet, and maybe never published; `unacked`: delivered, and still the broker's. */
  readonly at: 'new' | 'unacked' | 'acked';
  /** A delivery that has gone half its way; `hangs`: it goes on much later, or never, as its consumer hangs or is dead. */
  readonly hand: Hand;
  readonly hangs: boolean;
}

/** `for <side>`: routed, with that side as the owner; `index`: the workflow has it, the age index does not. */
export const HANDS = ['', 'for kafka', 'for rocketmq', 'index'] as const;
export type Hand = (typeof HANDS)[number];

/** The ledger's record (src/domain/ledger/record.ts), `none` included. */
export interface LedgerRow {
  readonly state: RecordState;
  readonly owner: Side;
  readonly run: number;
  readonly round: number;
  readonly attempt: number;
  /** The living execution whose `begin` is recorded; 0: one that is no more. */
  readonly nonce: number;
  readonly stranded: boolean;
  /** How the run that holds it took over from an earlier one. */
  readonly resumed: '' | 'clean' | 'unknown';
  readonly outcome: SettledOutcome | undefined;
}

export const NO_ROW: LedgerRow = {
  state: 'none',
  owner: 'kafka',
  run: 0,
  round: 0,
  attempt: 0,
  nonce: 0,
  stranded: false,
  resumed: '',
  outcome: undefined,
};

export const PHASES = ['seek', 'take over', 'reward', 'unknown', 'reopen', 'parked', 'settle'] as const;

/** The newest run of the message's workflow. `closed`: terminated, or the like; `none`: there is no workflow. */
export interface Run {
  readonly status: 'none' | 'open' | 'completed' | 'closed';
  readonly id: number;
  /** By which the ledger knows it. */
  readonly token: number;
  /** It was made by a reset. */
  readonly reset: boolean;
  /** The owner at the first sight, as its input tells it, and the side whose delivery it was started with. */
  readonly origin: Side;
  readonly startedBy: Side;
  readonly delivered: Readonly<Record<Side, boolean>>;
  /** Its input, if `resume` started it. */
  readonly resumes: Resuming | undefined;
  readonly phase: (typeof PHASES)[number];
  /** While it takes over: from which run, and whether that is known to have attempted something. */
  readonly from: Resuming | undefined;
  readonly owner: Side;
  readonly round: number;
  /** Of the last result. `never`: all attempts were surely not executed; `ripe`: what was sent cannot take effect any more. */
  readonly attempt: number;
  readonly never: boolean;
  readonly ripe: boolean;
  /** The lookup has said 'absent' of this round, once. */
  readonly absent: boolean;
  /** No run before this one ever sent anything for the message. */
  readonly sure: boolean;
  readonly outcome: SettledOutcome | undefined;
  /** Points that it has passed and that a reset may go back to: before its first attempt, and when it was parked. */
  readonly claimed: boolean;
  /** It is in its first task, of which Temporal knows nothing yet. */
  readonly unrecorded: boolean;
  readonly parkedAt: Checkpoint | undefined;
}

export interface Checkpoint {
  readonly round: number;
  readonly attempt: number;
  readonly never: boolean;
  readonly answered: boolean;
}

export const NO_RUN: Run = {
  status: 'none',
  id: 0,
  token: 0,
  reset: false,
  origin: 'kafka',
  startedBy: 'kafka',
  delivered: { kafka: false, rocketmq: false },
  resumes: undefined,
  phase: 'seek',
  from: undefined,
  owner: 'kafka',
  round: 0,
  attempt: 0,
  never: false,
  ripe: false,
  absent: false,
  sure: false,
  outcome: undefined,
  claimed: false,
  unrecorded: false,
  parkedAt: undefined,
};

export interface Resuming {
  readonly from: number;
  readonly attempted: boolean;
}

/** One execution of the reward activity. */
export interface Attempt {
  /** Its nonce. */
  readonly id: number;
  readonly token: number;
  readonly owner: Side;
  readonly round: number;
  readonly attempt: number;
  /** The last attempt that the heartbeat details prove to have ended unexecuted. */
  readonly cleared: number;
  /** `restore`: it holds the proof that its run is open, for a record that was lost. */
  readonly at: 'begin' | 'restore' | 'send' | 'granted' | 'refused';
  /** Its deadline has passed by its own clock. */
  readonly expired: boolean;
  /** It is made within a workflow task. */
  readonly inline: boolean;
}

export interface LateStep {
  readonly step: 'claim' | 'adopt' | 'park' | 'reopen' | 'settle' | 'resume';
  readonly token: number;
  readonly side: Side;
  readonly round: number;
  readonly attempt: number;
  readonly from: number;
  readonly outcome: SettledOutcome | undefined;
  /** It has Temporal's word, of the time when it was asked, that its run is the open one. */
  readonly restore: boolean;
}

export interface Answer {
  /** The round that it answers. */
  readonly round: number;
  readonly resolution: 'granted' | 'resend' | 'abandon';
  /** Given while what was sent could still take effect. */
  readonly early: boolean;
}

export const INITIAL: State = {
  copies: {
    kafka: { at: 'new', hand: '', hangs: false },
    rocketmq: { at: 'new', hand: '', hangs: false },
  },
  row: NO_ROW,
  saved: undefined,
  indexed: false,
  run: NO_RUN,
  live: undefined,
  zombies: [],
  late: undefined,
  answer: undefined,
  resuming: undefined,
  effects: 0,
  air: 0,
  behind: 0,
  resent: 0,
  attempted: false,
  sender: undefined,
  faults: 0,
  lost: false,
  rolledBack: false,
  forgot: false,
};

/**
 * Copies with some fields changed. Field by field, as a spread of so many fields takes eight times as long, and copying is
 * most of what the explorer does.
 */
export function withState(s: State, change: Partial<State>): State {
  const { copies, row, saved, indexed, run, live, zombies, late, answer, resuming, effects, air, attempted } = s;
  const { behind, resent, sender, faults, lost, rolledBack, forgot } = s;
  const copy: State = {
    copies,
    row,
    saved,
    indexed,
    run,
    live,
    zombies,
    late,
    answer,
    resuming,
    effects,
    air,
    behind,
    resent,
    attempted,
    sender,
    faults,
    lost,
    rolledBack,
    forgot,
  };
  return Object.assign(copy, change);
}

export function changeRun(before: Run, change: Partial<Run>): Run {
  const { status, id, token, reset, origin, startedBy, delivered, resumes, phase, from, owner, round } = before;
  const { attempt, never, ripe, absent, sure, outcome, claimed, unrecorded, parkedAt } = before;
  const copy: Run = {
    status,
    id,
    token,
    reset,
    origin,
    startedBy,
    delivered,
    resumes,
    phase,
    from,
    owner,
    round,
    attempt,
    never,
    ripe,
    absent,
    sure,
    outcome,
    claimed,
    unrecorded,
    parkedAt,
  };
  return Object.assign(copy, change);
}
