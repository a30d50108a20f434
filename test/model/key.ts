import { RECORD_STATES } from '../../src/domain/ledger/record.js';
import { SETTLED_OUTCOMES } from '../../src/domain/reward/outcome.js';
import { SIDES } from '../../src/domain/side.js';
import {
  type Answer,
  type Attempt,
  type Copy,
  HANDS,
  type LateStep,
  type LedgerRow,
  PHASES,
  type Resuming,
  type State,
} from './state.js';

const STATE = codes(RECORD_STATES);
const SIDE = codes(SIDES);
const HAND = codes(HANDS);
const COPY = codes(['new', 'unacked', 'acked'] as const);
const PHASE = codes(PHASES);
const STATUS = codes(['none', 'open', 'completed', 'closed'] as const);
const OUTCOME = codes(SETTLED_OUTCOMES);
const RESUMED = codes(['', 'clean', 'unknown'] as const);
const AT = codes(['begin', 'restore', 'send', 'granted', 'refused'] as const);
const STEP = codes(['claim', 'adopt', 'park', 'reopen', 'settle', 'resume'] as const);
const RESOLUTION = codes(['granted', 'resend', 'abandon'] as const);

function codes<T extends string>(words: readonly T[]): Readonly<Record<T, number>> {
  return Object.fromEntries(words.map((word, code) => [word, code])) as Record<T, number>;
}

/** Run numbers are below this; the starts that a scope allows are fewer. */
const RUNS = 6;

const bit = (flag: boolean): number => (flag ? 1 : 0);

/**
 * The canonical name of a state: two states have the same one only if they are the same. Each character is a number in
 * mixed radix, so that a million of them fit in memory.
 */
export function keyOf(s: State): string {
  const { run, row } = s;
  const { parkedAt } = run;
  return String.fromCharCode(
    rowCode(row),
    s.saved === undefined ? 0 : rowCode(s.saved) + 1,
    (((copyCode(s.copies.kafka) * 24 + copyCode(s.copies.rocketmq)) * 2 + bit(s.indexed)) * 2 + bit(s.attempted)) * 3 +
      (s.sender === undefined ? 0 : SIDE[s.sender] + 1),
    ((((STATUS[run.status] * RUNS + run.id) * RUNS + run.token) * 2 + SIDE[run.origin]) * 2 + SIDE[run.startedBy]) * 8 +
      bit(run.delivered.kafka) * 4 +
      bit(run.delivered.rocketmq) * 2 +
      bit(run.reset) +
      bit(run.unrecorded) * 8192,
    ((resumingCode(run.resumes) * 13 + resumingCode(run.from)) * 7 + PHASE[run.phase]) * 8 +
      SIDE[run.owner] * 4 +
      bit(run.never) * 2 +
      bit(run.ripe),
    ((run.round * 4 + run.attempt) * 4 + outcomeCode(run.outcome)) * 2 + bit(run.claimed),
    parkedAt === undefined
      ? 0
      : 1 + ((parkedAt.round * 4 + parkedAt.attempt) * 2 + bit(parkedAt.never)) * 2 + bit(parkedAt.answered),
    ((((s.effects * 4 + s.air) * 8 + s.faults) * 2 + bit(s.lost)) * 2 + bit(s.rolledBack)) * 2 + bit(s.forgot),
    ((s.behind * 4 + s.resent) * 2 + bit(run.absent)) * 2 + bit(run.sure),
    resumingCode(s.resuming) * 32 + (s.answer === undefined ? 0 : answerCode(s.answer)),
    s.live === undefined ? 0 : attemptCode(s.live),
    s.zombies[0] === undefined ? 0 : attemptCode(s.zombies[0]),
    s.zombies[1] === undefined ? 0 : attemptCode(s.zombies[1]),
    s.late === undefined ? 0 : lateCode(s.late),
    s.late === undefined ? 0 : s.late.from * 4 + outcomeCode(s.late.outcome),
  );
}

function rowCode(row: LedgerRow): number {
  const who = ((STATE[row.state] * 2 + SIDE[row.owner]) * RUNS + row.run) * 4 + row.round;
  return (
    ((((who * 3 + row.attempt) * 4 + row.nonce) * 2 + bit(row.stranded)) * 3 + RESUMED[row.resumed]) * 3 +
    (row.outcome === undefined ? 0 : OUTCOME[row.outcome])
  );
}

function copyCode({ at, hand, hangs }: Copy): number {
  return (COPY[at] * 4 + HAND[hand]) * 2 + bit(hangs);
}

/** Never 0: that is nobody. */
export function attemptCode({ id, token, owner, round, attempt, cleared, at, expired, inline }: Attempt): number {
  const who = ((id * RUNS + token) * 2 + SIDE[owner]) * 4 + round;
  return 1 + ((((who * 3 + attempt) * 3 + cleared) * 5 + AT[at]) * 2 + bit(expired)) * 2 + bit(inline);
}

function lateCode({ step, token, side, round, attempt, restore }: LateStep): number {
  return 1 + ((((STEP[step] * RUNS + token) * 2 + SIDE[side]) * 4 + round) * 4 + attempt) * 2 + bit(restore);
}

function answerCode({ resolution, round, early }: Answer): number {
  return 1 + (RESOLUTION[resolution] * 4 + round) * 2 + bit(early);
}

function resumingCode(resuming: Resuming | undefined): number {
  return resuming === undefined ? 0 : 1 + resuming.from * 2 + bit(resuming.attempted);
}

function outcomeCode(outcome: LedgerRow['outcome']): number {
  return outcome === undefined ? 0 : OUTCOME[outcome] + 1;
}
