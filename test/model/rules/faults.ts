import { SIDES } from '../../../src/domain/side.js';
import { NO_ROW, type Run, type State, withState } from '../state.js';
import { endUnexecuted, isForgotten, isUnproved, leaveToWorkflow, takeBegin, timeOut } from './attempt.js';
import { hang, runAhead } from './intake.js';
import { stepsInFlight } from './late-steps.js';
import {
  endAttempt,
  fault,
  inDoubt,
  loseTask,
  makeZombie,
  OVER,
  type Rules,
  type Step,
  schedule,
  takesEffect,
  withRun,
} from './step.js';

/** Everything that may go wrong at this moment, each for the price of one fault. `steps`: what would happen otherwise. */
export function faultSteps(rules: Rules, s: State, steps: readonly Step[]): Step[] {
  if (s.faults >= rules.scope.faults) return [];
  return [
    ...consumerFaults(rules, s),
    ...positionRunsAhead(rules, s),
    ...crashOfWorkflowTask(s, steps),
    ...lateSteps(rules, s),
    ...faultsOfAttempt(rules, s),
    ...faultsOfFirstTask(rules, s),
    ...faultsOfLedger(rules, s),
    ...keepOlderValue(rules, s, steps),
    ...operatorFaults(rules, s),
  ];
}

/** A consumer with a delivery in hand is killed, or hangs and goes on much later. */
export function consumerFaults(rules: Rules, s: State): Step[] {
  if (s.faults >= rules.scope.faults) return [];
  return SIDES.filter((side) => s.copies[side].hand !== '' && !s.copies[side].hangs).map((side) =>
    fault(`the consumer of ${side} hangs or dies`, hang(s, side)),
  );
}

/** A client's fault: what lies behind a delivery in hand is committed, and the delivery with it. */
function positionRunsAhead({ scope }: Rules, s: State): Step[] {
  if (scope.runsAhead !== true) return [];
  return SIDES.filter((side) => s.copies[side].at === 'unacked' && s.copies[side].hand !== '').map((side) =>
    fault(`the position of ${side} runs ahead of what it has in hand`, runAhead(s, side)),
  );
}

/** A local activity's script has run, and the worker dies before Temporal hears of it: it is executed again. */
function crashOfWorkflowTask(s: State, steps: readonly Step[]): Step[] {
  return steps
    .filter(({ local, next }) => local && next.row !== s.row)
    .map(({ label, next }) => {
      const left = withState(s, { row: next.row, indexed: next.indexed });
      const lost = s.run.unrecorded ? loseTask(left) : left;
      return fault(`${label}, but the worker dies before Temporal has it`, lost);
    });
}

/** An execution of a workflow's step hangs, with its script on the way to Redis; another execution goes on in its place. */
function lateSteps(rules: Rules, s: State): Step[] {
  if (s.late !== undefined) return [];
  return stepsInFlight(rules, s).map((late) =>
    fault(`the script ${late.step} is late${late.restore ? ', with proof' : ''}`, withState(s, { late })),
  );
}

function faultsOfAttempt(rules: Rules, s: State): Step[] {
  const { live } = s;
  const steps: Step[] = [];
  if (live !== undefined) {
    steps.push(
      fault(`the worker dies in the attempt, at ${live.at}`, timeOut(rules, s, false)),
      fault(`the attempt hangs beyond its timeout, at ${live.at}`, timeOut(rules, s, true)),
    );
  }
  for (const at of [live, ...s.zombies]) {
    if (at === undefined) continue;
    const whose = at === live ? 'the attempt' : 'the zombie';
    if (at.at === 'begin' || at.at === 'restore') {
      const begun = takeBegin(rules, s, at);
      const mayBegin = !isUnproved(rules, at) || rules.design.believesAWholeLedger;
      if (!mayBegin || isForgotten(rules, s, at)) continue;
      const done = withState(s, { row: begun.row });
      if (begun.row !== s.row) {
        steps.push(fault(`the reply to begin of ${whose} is lost, it asks again`, done));
        // Within a task it is executed again, which is what a worker that dies comes to.
        if (at.inline) continue;
        steps.push(
          fault(`the ledger goes away from ${whose} after begin, not executed`, endUnexecuted(rules, done, at, false)),
        );
      }
      if (at.inline) continue;
      steps.push(fault(`the ledger is away from ${whose}, not executed`, endUnexecuted(rules, s, at, false)));
    }
    if (at.at === 'send' && !at.expired) {
      const air = withState(s, { air: s.air + 1 });
      if (at === live) {
        const unknown = inDoubt(endAttempt(air, at), at.round, at.attempt);
        steps.push(fault('the request hangs in the air, unknown', unknown));
      } else {
        steps.push(fault("the zombie's request hangs in the air", endAttempt(air, at)));
      }
      steps.push(
        fault(`${whose} is surely not executed, and cannot clear the record`, endUnexecuted(rules, s, at, false)),
      );
    }
    if (at.at === 'granted' || at.at === 'refused') {
      steps.push(fault(`the ledger is away when ${whose} settles`, leaveToWorkflow(s, at, at.at)));
      if (at === live && s.row.state !== 'settled') {
        // Settled, and then the worker dies before Temporal has the result.
        const settled = rules.ledger.settle(s.row, { run: at.token, owner: at.owner, restore: false }, at.at);
        if (settled.verdict === 'recorded') {
          const next = withState(s, { row: settled.row, indexed: false });
          steps.push(fault('the worker dies after settling, before Temporal has it', timeOut(rules, next, false)));
        }
      }
    }
  }
  return steps;
}

/** The worker dies in the first task, after its attempt has ended and before Temporal knows of anything. */
function faultsOfFirstTask(rules: Rules, s: State): Step[] {
  const { run, live } = s;
  if (!run.unrecorded) return [];
  if (live === undefined) return [fault('the worker dies before Temporal has the first task', loseTask(s))];
  if (live.at !== 'send') return [];
  const cleared = endUnexecuted(rules, s, live, true);
  const left = withState(endAttempt(s, live), { row: cleared.row });
  return [
    fault('the attempt in the task is surely not executed, the worker dies before Temporal has it', loseTask(left)),
  ];
}

/** What was lost is lost to a run that was witnessed before. */
const forgets = ({ scope }: Rules, s: State): boolean => scope.runsAhead !== true && s.run.status !== 'none';

function faultsOfLedger(rules: Rules, s: State): Step[] {
  const steps: Step[] = [];
  if (!s.lost && rules.scope.runsAhead !== true && (s.row.state !== 'none' || s.indexed)) {
    steps.push(
      fault(
        'the ledger loses all records',
        withState(s, { row: NO_ROW, indexed: false, lost: true, forgot: s.forgot || forgets(rules, s) }),
      ),
    );
  }
  return steps;
}

/** Paid for when the value is kept: a snapshot that nobody restores changes nothing. */
function keepOlderValue({ scope }: Rules, s: State, steps: readonly Step[]): Step[] {
  if (scope.runsAhead === true || s.rolledBack || s.saved !== undefined) return [];
  return steps
    .filter(({ next }) => next.row !== s.row && next.row.state !== s.row.state)
    .map(({ label, next }) => fault(`${label}; a snapshot is kept from before`, withState(next, { saved: s.row })));
}

/** The older value comes back. */
export function rollBack(rules: Rules, s: State): Step[] {
  if (s.saved === undefined) return [];
  return [
    {
      kind: 'environment',
      label: `the record is rolled back to ${s.saved.state}`,
      next: withState(s, {
        row: s.saved,
        saved: undefined,
        rolledBack: true,
        forgot: s.forgot || forgets(rules, s),
      }),
    },
  ];
}

/** A request that hung in the air takes effect. */
export function takeEffect(rules: Rules, s: State): Step[] {
  if (s.air === 0) return [];
  return [
    {
      kind: 'environment',
      label: 'a request in the air takes effect',
      next: withState(takesEffect(rules, s), { air: s.air - 1 }),
    },
  ];
}

function operatorFaults(rules: Rules, s: State): Step[] {
  const { run } = s;
  if (run.status === 'none') return [];
  const steps: Step[] = [];
  // What executes at that moment does not notice: its deadline is still to come.
  const cut = { ...makeZombie(s, false), answer: undefined };
  if (run.status === 'open') {
    steps.push(fault('the workflow is terminated', withRun(cut, { status: 'closed', ...OVER, outcome: undefined })));
  }
  const { resetRunIsAnotherRun, takesOverForTheSameSide } = rules.design;
  const id = run.id + 1;
  const renewed: Partial<Run> = {
    status: 'open',
    id,
    reset: true,
    token: resetRunIsAnotherRun ? id : run.token,
    outcome: undefined,
    never: false,
    ripe: false,
    absent: false,
    sure: false,
    unrecorded: false,
    round: 0,
    attempt: 0,
    from: run.resumes,
    origin: run.claimed && takesOverForTheSameSide ? run.owner : run.origin,
  };
  const toStart: State = withRun(cut, {
    ...renewed,
    phase: run.resumes === undefined ? 'seek' : 'take over',
    claimed: false,
    parkedAt: undefined,
  });
  steps.push(fault('the workflow is reset to its start', toStart));
  if (run.claimed) {
    const held = withRun(cut, { ...renewed, from: undefined, parkedAt: undefined });
    const next = resetRunIsAnotherRun ? inDoubt(held, 1) : schedule(held, 1);
    steps.push(fault('the workflow is reset to its first attempt', next));
  }
  if (run.parkedAt !== undefined) {
    const { round, attempt, never, answered } = run.parkedAt;
    // By then the time after that attempt may well have passed.
    const parked = withRun(cut, {
      ...renewed,
      phase: 'parked',
      round,
      attempt,
      never,
      ripe: !resetRunIsAnotherRun,
      from: undefined,
      parkedAt: undefined,
    });
    steps.push(fault('the workflow is reset to where it was parked', parked));
    // Temporal applies the Updates that came later to the new run as well.
    if (answered && !resetRunIsAnotherRun) {
      const again: State = { ...parked, answer: { round, resolution: 'resend', early: false } };
      steps.push(fault('the workflow is reset to where it was parked, and told the old answer again', again));
    }
  }
  return steps;
}
