import { describe, expect, test } from 'vitest';
import { type Rule, type Scope, without } from './design.js';
import { explore } from './explore.js';
import type { Broken } from './promises.js';
import { tell } from './tell.js';

interface Case {
  readonly without: readonly Rule[];
  readonly faults: number;
  readonly promise: Broken['promise'];
  readonly how: string;
  /** A step that the shortest way has to show, so that it is guilty of what it is charged with. */
  readonly by: RegExp;
  readonly rounds?: number;
  /** Default false. */
  readonly lag?: boolean;
}

const TWICE = 'the reward took effect twice';

/** What the code does, each rule taken away: the tempting variants, and what the explorer has found to be needed. */
const MUTANTS: Readonly<Record<string, Case>> = {
  'each side evaluates the percentage on its own': {
    without: ['decidesOnce'],
    faults: 0,
    promise: 'P2',
    how: 'acknowledged, and no workflow has it',
    by: /not mine, acknowledged/,
  },
  "'not mine' completes the workflow": {
    without: ['waitsForTheOwner'],
    faults: 0,
    promise: 'P2',
    how: 'completed without an outcome',
    by: /not mine, completes/,
  },
  'an ownership is released on failure': {
    without: ['keepsOwnershipOnFailure'],
    faults: 0,
    promise: 'P1',
    how: TWICE,
    by: /gives the message back/,
  },
  'adopt takes what is claimed': {
    without: ['adoptsByCompareAndSet'],
    faults: 1,
    promise: 'P4',
    how: 'a message that was claimed changed hands',
    by: /late: adopt/,
  },
  'a delivery is acknowledged before its workflow starts': {
    without: ['startsBeforeAck', 'takesAgainWhatIsLost'],
    faults: 1,
    promise: 'P2',
    how: 'acknowledged, and no workflow has it',
    by: /consumer of kafka hangs or dies/,
  },
  'a closed ID starts again': {
    without: ['closedIdStaysClosed'],
    faults: 1,
    promise: 'P1',
    how: TWICE,
    by: /starts the workflow again/,
  },
  // The ledger takes a run that a reset has made for the one before, so the nonce alone tells their attempts apart.
  'a retry trusts a re-used token': {
    without: ['nonceIsPerExecution', 'resetRunIsAnotherRun'],
    faults: 1,
    promise: 'P1',
    how: TWICE,
    by: /reset to its first attempt/,
  },
  'begin trusts the ledger alone': {
    without: ['attemptsNeedTemporalsProof'],
    faults: 2,
    promise: 'P1',
    how: TWICE,
    by: /rolled back to claimed/,
  },
  'an attempt after one that ended without a word believes a ledger that may have forgotten': {
    without: ['comparesWitness'],
    faults: 2,
    promise: 'P1',
    how: TWICE,
    by: /rolled back to claimed/,
  },
  'a process writes after it has slept past its deadline': {
    without: ['writesBeforeItsDeadlineOnly'],
    faults: 1,
    promise: 'P1',
    how: TWICE,
    by: /zombie of run 1: attempt 1.1: granted/,
  },
  "an 'absent' is believed too early": {
    without: ['absentMustBeRipe'],
    faults: 1,
    promise: 'P1',
    how: TWICE,
    by: /a request in the air takes effect/,
  },
  "a gateway's 404 is taken for the provider's 'absent'": {
    without: ['absentNeedsItsMark'],
    faults: 0,
    promise: 'P1',
    how: TWICE,
    by: /a gateway in place of the lookup: absent/,
  },
  "an 'absent' of a lookup that lags behind is believed at once": {
    without: ['absentIsSaidTwice'],
    faults: 0,
    lag: true,
    promise: 'P1',
    how: TWICE,
    by: /lookup: absent/,
  },
  'a lookup sends again after every round': {
    without: ['lookupsSendAgainOnce'],
    faults: 0,
    rounds: 3,
    promise: 'P1 by lookups',
    how: 'sent again by lookups, twice',
    by: /reopens, next round/,
  },
  'a run that a reset has made lets a lookup send again, which the run before did': {
    without: ['heirsDoNotSendAgain'],
    faults: 1,
    promise: 'P1 by lookups',
    how: 'sent again by lookups, twice',
    by: /is reset/,
  },
  'a run completes with what it came with, though the ledger holds another outcome': {
    without: ['resultAgreesWithLedger'],
    faults: 1,
    promise: 'P2',
    how: 'completed otherwise than the ledger holds it',
    by: /zombie of run 1: attempt 1.1: settles/,
  },
  'an answer counts in whatever round it arrives': {
    without: ['answersNameTheirRound'],
    faults: 0,
    rounds: 3,
    promise: 'P1',
    how: TWICE,
    by: /resend in two tabs/,
  },
  'resume takes an attempted message for clean': {
    without: ['resumeTakesAttemptedForUnknown'],
    faults: 1,
    promise: 'P1',
    how: TWICE,
    by: /takes over, nothing was sent/,
  },
  'resume believes a ledger that has forgotten': {
    without: ['resumeBelievesHistory'],
    faults: 2,
    promise: 'P1',
    how: TWICE,
    by: /takes over what nobody holds/,
  },
  'a run that finds its message settled parks it': {
    without: ['parkMindsSettled', 'parkedMindsSettled'],
    faults: 1,
    promise: 'P2',
    how: 'settled, and its workflow waits for ever',
    by: /workflow: parks/,
  },
  'a parked run does not look for a late answer': {
    without: ['parkedMindsSettled'],
    faults: 1,
    promise: 'P2',
    how: 'settled, and its workflow waits for ever',
    by: /zombie of run 1: attempt 1.1: settles granted/,
  },
  'the ledger is not rebuilt after a loss': {
    without: ['rebuildsFromTemporal'],
    faults: 2,
    promise: 'P2',
    how: 'stranded, and the ledger knows nothing of it',
    by: /loses all records/,
  },
  'a resend that was said too early is carried out late': {
    without: ['answersCarryTheirTime'],
    faults: 1,
    promise: 'P1',
    how: TWICE,
    by: /a request in the air takes effect/,
  },
  'a reset run passes for the one before, and Redis is away from its first attempt': {
    without: ['resetRunIsAnotherRun'],
    faults: 2,
    promise: 'P1',
    how: TWICE,
    by: /ledger is away from the attempt/,
  },
  'two people resume, and one of them after the run of the other has completed': {
    without: ['resumesOnlyWhatDidNotComplete'],
    faults: 2,
    promise: 'P1',
    how: TWICE,
    by: /resumes what was read/,
  },
  'a resumed run goes back to the side that had not got it': {
    without: ['takesOverForTheSameSide'],
    faults: 2,
    promise: 'P4',
    how: 'a side sends after the other one was allowed to send',
    by: /an earlier run may have sent/,
  },
  'a parked run is not listed where its record is ahead of it': {
    without: ['listsWhatIsParked', 'resetRunIsAnotherRun'],
    faults: 1,
    promise: 'P2',
    how: 'parked, and not listed as parked',
    by: /is reset/,
  },
  'a resumed run waits for a delivery that came as a signal to the closed one': {
    without: ['heedsWhomTheLedgerHasSeen', 'takesAgainWhatIsLost'],
    faults: 1,
    promise: 'P2',
    how: 'waits for a delivery that was acknowledged',
    by: /signals the workflow/,
  },
  'another delivery acknowledges what no index has': {
    without: ['indexesBeforeStart', 'indexesAtRoute'],
    faults: 2,
    promise: 'P2',
    how: 'stranded, and in no index',
    by: /hangs or dies/,
  },
};

function scopeOf({ faults, rounds = 2, lag = false }: Case): Scope {
  return { faults, attempts: 2, rounds, lag };
}

function convict(charge: Case): void {
  const { promise, how, by } = charge;
  const [first] = explore({ design: without(...charge.without), scope: scopeOf(charge) }, { about: promise }).found;
  if (first === undefined) expect.fail(`found innocent without ${charge.without.join(' and ')}`);
  console.log(tell(first));
  expect(first.broken).toEqual({ promise, how });
  expect(first.steps.some((step) => by.test(step))).toBe(true);
}

describe('found guilty', () => {
  test.each(Object.entries(MUTANTS))('%s', (_name, charge) => convict(charge));
});

test('the nonce is what a reset run is told apart by: with it, the same reset pays once', () => {
  const design = without('resetRunIsAnotherRun');
  expect(explore({ design, scope: { faults: 1, attempts: 2, rounds: 2 } }, { about: 'P1' }).found).toEqual([]);
});
