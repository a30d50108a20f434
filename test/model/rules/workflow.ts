import { otherSide, SIDES, type Side } from '../../../src/domain/side.js';
import type { Design } from '../design.js';
import type { Taken } from '../ledger.js';
import { type Answer, type Run, type State, withState } from '../state.js';
import {
  callerOf,
  catchesUp,
  complete,
  inDoubt,
  isWitnessed,
  local,
  prove,
  type Rules,
  type Step,
  schedule,
  scheduleInline,
  system,
  withRun,
} from './step.js';

/** What the open run of the message's workflow may do next (src/workflows/message/message.ts). */
export function workflowSteps(rules: Rules, s: State): Step[] {
  const { run } = s;
  if (run.status !== 'open') return [];
  switch (run.phase) {
    case 'take over':
      return [takeOver(rules, s)];
    case 'seek':
      return seek(rules, s);
    case 'reward':
      return [];
    case 'unknown':
      return [...pass(s), ...reconcile(rules, s), park(rules, s)];
    case 'reopen': {
      // The lookup's answer is in the history: an execution that comes again does not ask again.
      const next = reopen(rules, s);
      if (next === undefined) return [park(rules, s)];
      return [local('reopens, next round', withState(next, { resent: next.resent + 1 }))];
    }
    case 'parked':
      return [...pass(s), ...carryOut(rules, s)];
    case 'settle':
      return [settle(rules, s)];
  }
}

/** The time after which nothing that was sent so far can take effect, and which every earlier execution has slept past. */
function pass(s: State): Step[] {
  if (s.run.ripe) return [];
  const zombies = s.zombies.map((zombie) => ({ ...zombie, expired: true }));
  return [
    system('time passes: deadline + settlesWithin', {
      ...withRun(s, { ripe: true, unrecorded: false }),
      zombies,
      air: 0,
      ...catchesUp(s),
    }),
  ];
}

const LOST = ['lost'];
const LOST_OR_ANOTHERS = ['lost', 'other-run'];

/** workflows/message/ownership.ts and activities/ownership.ts: claims for whichever side has delivered and owns it. */
function seek(rules: Rules, s: State): Step[] {
  const { design, ledger } = rules;
  const { run, row } = s;
  // What Temporal's histories of the earlier runs say: they are read where this run was made by `resume` or a reset.
  const isInDoubt =
    (design.resumeBelievesHistory && run.resumes?.attempted === true) ||
    (design.resetRunIsAnotherRun && run.reset && s.attempted);
  if (isInDoubt && (row.state === 'none' || row.state === 'assigned')) {
    return [local('an earlier run may have sent', inDoubt(withRun(s, { owner: run.origin }), 1))];
  }
  const stays = design.witnessedStaysWithItsOwner && isWitnessed(rules, s);
  let owner = run.origin;
  for (const side of SIDES) {
    if (!run.delivered[side] || (stays && side !== run.origin)) continue;
    const taken = prove((restore) => ledger.claim(row, callerOf(run, run.origin, restore), side), LOST);
    if (taken.verdict !== 'not-owner') return [sought(rules, s, taken, `claims for ${side}`)];
    owner = taken.row.state === 'none' ? run.origin : taken.row.owner;
  }
  if (!design.waitsForTheOwner) return [local('not mine, completes', complete(s, undefined))];
  const adopter = otherSide(owner);
  const steps: Step[] = [];
  // Only a ledger that has forgotten its decision names another owner.
  if (stays) steps.push(local('finds it decided anew', inDoubt(withRun(s, { owner: run.origin }), 1)));
  else if (run.delivered[owner]) return [];
  if (run.delivered[adopter]) {
    // Whether the owner is past it, the switch is off or a failover is set: domain/flow/adoption.ts, left open here.
    const taken = prove((restore) => ledger.adopt(row, callerOf(run, run.origin, restore), adopter), LOST);
    steps.push({ ...sought(rules, s, taken, `adopts for ${adopter}`), kind: 'environment' });
  }
  // Whoever told the closed run of it has acknowledged it.
  const comesAfterAnother = run.resumes !== undefined || (run.reset && design.resetRunIsAnotherRun);
  if (design.heedsWhomTheLedgerHasSeen && comesAfterAnother && isSeen(s, owner)) {
    const taken = prove((restore) => ledger.claim(row, callerOf(run, run.origin, restore), owner), LOST);
    steps.push(sought(rules, s, taken, `claims for ${owner}, which has seen it`));
  }
  return steps;
}

function sought(rules: Rules, s: State, { verdict, row }: Taken<string>, what: string): Step {
  const next = withRun(withState(s, { row }), { owner: row.owner });
  switch (verdict) {
    case 'claimed': {
      const inline = isWitnessed(rules, s) && row.owner === s.run.origin;
      // The run is told how the ledger is now, or was told so when it was started.
      const witnessed = isWitnessed(rules, s) ? next : withState(next, { forgot: false });
      const sure = withRun(witnessed, { sure: true });
      return local(what, inline ? scheduleInline(sure) : schedule(sure, 1));
    }
    case 'settled':
      return local('finds it settled', complete(next, row.outcome));
    default:
      return local(
        'finds that another run held it',
        withRun(next, { phase: 'take over', from: { from: row.run, attempted: true } }),
      );
  }
}

/** The mark that route.lua leaves in the record for each side; a record that was lost comes back without any. */
function isSeen({ copies, lost, rolledBack }: State, side: Side): boolean {
  return copies[side].at !== 'new' && !lost && !rolledBack;
}

/** takeOver in workflows/message/ownership.ts and activities/resolution.ts, takenOver in workflows/message/message.ts. */
function takeOver({ design, ledger }: Rules, s: State): Step {
  const { run, row } = s;
  const from = run.from ?? { from: 0, attempted: true };
  let taken = ledger.resume(row, callerOf(run, run.origin), from.from);
  const fromAThird = taken.verdict === 'other-run';
  if (fromAThird) taken = ledger.resume(row, callerOf(run, run.origin), row.run);
  const { verdict, row: after } = taken;
  const held = withRun(withState(s, { row: after }), { owner: after.owner });
  const unknown = withRun(s, { owner: run.origin });
  switch (verdict) {
    case 'settled':
      return local('takes over what is settled', complete(held, after.outcome));
    case 'not-claimed':
      if (from.attempted && design.resumeBelievesHistory) {
        return local('takes over what nobody holds, something may have been sent', inDoubt(unknown, 1));
      }
      return local('takes over what nobody holds', withRun(s, { phase: 'seek', from: undefined }));
    case 'lost':
      return local('takes over what the ledger has lost', inDoubt(unknown, 1));
    default: {
      const round = Math.max(after.round, 1);
      const clean = verdict === 'clean' && !fromAThird && !from.attempted;
      return clean
        ? local('takes over, nothing was sent', schedule(withRun(held, { sure: true }), round))
        : local('takes over, something may have been sent', inDoubt(held, round));
    }
  }
}

/**
 * workflows/message/reconciling.ts: the provider says the truth of the moment, or of some time before, or nothing. A gateway that
 * answers in its place is no provider, and tells as much as one that says nothing.
 */
function reconcile(rules: Rules, s: State): Step[] {
  const { design, scope } = rules;
  const { run } = s;
  if (run.never) return [];
  const unrecorded = false;
  const steps: Step[] = [];
  const isKnown = s.effects > 0 && s.behind === 0;
  if (isKnown) steps.push(system('lookup: granted', withRun(s, { phase: 'settle', outcome: 'granted', unrecorded })));
  if (isKnown && design.absentNeedsItsMark) return steps;
  if (!run.ripe && design.absentMustBeRipe) return steps;
  if (run.round > 1 && design.lookupsSendAgainOnce) return steps;
  if (!run.sure && design.heirsDoNotSendAgain) return steps;
  // At the last round of the scope the rest is cut off.
  if (run.round >= scope.rounds) return steps;
  const who = isKnown ? 'a gateway in place of the lookup' : 'lookup';
  if (design.absentIsSaidTwice && !run.absent) {
    const asksLater = withState(withRun(s, { absent: true, ripe: true, unrecorded }), catchesUp(s));
    return [...steps, system(`${who}: absent, asks again later`, asksLater)];
  }
  return [...steps, system(`${who}: absent`, withRun(s, { phase: 'reopen', ripe: true, unrecorded }))];
}

/** The step `reopen`, by a lookup or a person; undefined where it is refused. */
function reopen({ ledger }: Rules, s: State): State | undefined {
  const { run, row } = s;
  const take = (restore: boolean) => ledger.reopen(row, callerOf(run, run.owner, restore), run.round);
  const taken = prove(take, LOST_OR_ANOTHERS);
  if (taken.verdict !== 'reopened') return undefined;
  return schedule(withState(s, { row: taken.row }), run.round + 1);
}

/** Whether 'absent', told by a person in time, would lead on. */
export function canBeReopened({ ledger }: Rules, { run, row }: State): boolean {
  const take = (restore: boolean) => ledger.reopen(row, callerOf(run, run.owner, restore), run.round);
  return prove(take, LOST_OR_ANOTHERS).verdict === 'reopened';
}

/** workflows/message/parking.ts and the step `park`. */
function park({ design, ledger }: Rules, s: State): Step {
  const { run, row } = s;
  if (!design.keepsOwnershipOnFailure) {
    const released = withState(s, { row: ledger.release(row, callerOf(run, run.owner)) });
    return local('gives the message back', withRun(released, { phase: 'seek' }));
  }
  const taken = prove((restore) => ledger.park(row, callerOf(run, run.owner, restore), run), LOST_OR_ANOTHERS);
  if (taken.verdict === 'settled' && design.parkMindsSettled) {
    return local('would park, finds it settled', complete(s, row.outcome));
  }
  return local(
    'parks',
    withRun(withState(s, { row: taken.row, indexed: true }), { phase: 'parked', unrecorded: false }),
  );
}

/** The Update `resolve`, taken up by a worker (workflows/message/parking.ts, carryOut). */
function carryOut(rules: Rules, s: State): Step[] {
  const { design } = rules;
  const { answer, run } = s;
  if (answer === undefined) return [];
  const handled = withState(s, { answer: undefined });
  if (answer.round !== run.round && design.answersNameTheirRound) {
    return [system('workflow: refuses the answer to another round', handled)];
  }
  const { round, attempt, never } = run;
  const left = withRun(handled, { parkedAt: { round, attempt, never, answered: answer.resolution === 'resend' } });
  switch (answer.resolution) {
    case 'granted':
      return [system('workflow: told granted', withRun(left, { phase: 'settle', outcome: 'granted' }))];
    case 'abandon':
      return [system('workflow: told abandon', withRun(left, { phase: 'settle', outcome: 'abandoned' }))];
    case 'resend': {
      if (isTooEarly(design, run, answer)) return [system('workflow: refuses resend, too early', handled)];
      // Beyond the scope: that it would be carried out is all there is to know.
      if (run.round >= rules.scope.rounds && canBeReopened(rules, s)) return [];
      const next = reopen(rules, left);
      if (next === undefined) return [system('workflow: refuses resend', handled)];
      const told = local('told resend, next round', next);
      // In a second tab as well, whose answer comes a round too late. It takes a third round for that to matter.
      const mayMatter = run.round + 1 < rules.scope.rounds;
      return mayMatter ? [told, local('told resend in two tabs, next round', withState(next, { answer }))] : [told];
    }
  }
}

/** Whether a resend is refused, as what was sent might still take effect. */
export function isTooEarly(design: Design, run: Run, answer: Answer): boolean {
  return design.absentMustBeRipe && (design.answersCarryTheirTime ? answer.early : !run.ripe);
}

/** workflows/message/message.ts settle, activities/resolution.ts settle. */
function settle({ design, ledger }: Rules, s: State): Step {
  const { run, row } = s;
  const outcome = run.outcome ?? 'abandoned';
  const taken = prove((restore) => ledger.settle(row, callerOf(run, run.owner, restore), outcome), LOST_OR_ANOTHERS);
  const next = withState(s, { row: taken.row, indexed: false });
  // An execution that was taken for dead may have settled it before.
  const stands = design.resultAgreesWithLedger ? (taken.row.outcome ?? outcome) : outcome;
  return local(`settles ${outcome}`, complete(next, stands));
}
