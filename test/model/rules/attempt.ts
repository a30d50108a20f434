import { type Attempt, type State, withState } from '../state.js';
import {
  complete,
  endAttempt,
  inDoubt,
  isOpen,
  loseTask,
  makeZombie,
  newAttempt,
  prove,
  type Rules,
  replaceAttempt,
  type Step,
  schedule,
  system,
  takesEffect,
  withRun,
} from './step.js';

/** What the attempts at the reward may do next (src/activities/reward.ts): Temporal's, and those it gave up on. */
export function attemptSteps(rules: Rules, s: State): Step[] {
  const steps: Step[] = [];
  if (s.live !== undefined) steps.push(...execute(rules, s, s.live));
  for (const zombie of s.zombies) {
    // Nothing obliges a zombie to go on.
    for (const step of execute(rules, s, zombie)) {
      steps.push({ ...step, kind: 'environment', label: `zombie of run ${zombie.token}: ${step.label}` });
    }
  }
  return steps;
}

const named = ({ round, attempt, inline }: Attempt): string =>
  `attempt ${round}.${attempt}${inline ? ' in the task' : ''}`;

function execute(rules: Rules, s: State, at: Attempt): Step[] {
  switch (at.at) {
    case 'begin':
    case 'restore':
      return [begin(rules, s, at), ...handOn(rules, s, at)];
    case 'send':
      return send(rules, s, at);
    case 'granted':
    case 'refused':
      return [settle(rules, s, at, at.at)];
  }
}

/** What `begin` allows: the ledger as it is afterwards, and where the execution goes from there. */
function begin(rules: Rules, s: State, at: Attempt): Step {
  const { design } = rules;
  if (isUnproved(rules, at) && !design.believesAWholeLedger) {
    return system(`${named(at)}: no proof for the one before, unknown`, returnUnknown(s, at));
  }
  if (isForgotten(rules, s, at)) return system(`${named(at)}: the ledger has forgotten, unknown`, returnUnknown(s, at));
  const taken = takeBegin(rules, s, at);
  const next = withState(s, { row: taken.row });
  switch (taken.verdict) {
    case 'go':
      return system(
        `${named(at)}: begins`,
        replaceAttempt(withState(next, { sender: s.sender ?? at.owner }), at, { ...at, at: 'send' }),
      );
    case 'lost':
      return isOpen(s, at.token) && !isWitnessedBegin(rules, at)
        ? system(`${named(at)}: record lost, run open`, replaceAttempt(s, at, { ...at, at: 'restore' }))
        : system(`${named(at)}: record lost, unknown`, returnUnknown(s, at));
    case 'settled':
      return system(
        `${named(at)}: finds it settled`,
        finish(s, at, (held) => complete(held, taken.row.outcome)),
      );
    default:
      return system(`${named(at)}: ${taken.verdict}, unknown`, returnUnknown(next, at));
  }
}

/** Temporal does not prove that every earlier attempt of the round was not executed. */
export function isUnproved({ design }: Rules, at: Attempt): boolean {
  return design.attemptsNeedTemporalsProof && at.cleared !== at.attempt - 1;
}

/** It begins by begin-witnessed.lua, which restores nothing. */
function isWitnessedBegin(rules: Rules, at: Attempt): boolean {
  return at.inline || isUnproved(rules, at);
}

/** begin-witnessed.lua: asked in the same step that begins. */
export function isForgotten(rules: Rules, s: State, at: Attempt): boolean {
  return isWitnessedBegin(rules, at) && s.forgot && rules.design.comparesWitness;
}

/** A worker of the other side that does not ask the ledger hands on what may have been begun before. */
function handOn({ design }: Rules, s: State, at: Attempt): Step[] {
  if (design.handsOnWhatItBegan || !at.inline || at !== s.live) return [];
  return [system(`${named(at)}: handed on by a worker of the other side`, schedule(endAttempt(s, at), 1))];
}

export function takeBegin({ ledger }: Rules, { row }: State, at: Attempt) {
  return ledger.begin(row, { run: at.token, owner: at.owner, restore: at.at === 'restore' }, at);
}

/** What the provider does with the request, and what comes back of it. */
function send(rules: Rules, s: State, at: Attempt): Step[] {
  if (at.expired && rules.design.writesBeforeItsDeadlineOnly) {
    return [system(`${named(at)}: past its deadline, does not write`, endUnexecuted(rules, s, at, true))];
  }
  const effect = takesEffect(rules, s);
  return [
    system(`${named(at)}: granted`, replaceAttempt(effect, at, { ...at, at: 'granted' })),
    system(`${named(at)}: refused`, replaceAttempt(s, at, { ...at, at: 'refused' })),
    system(`${named(at)}: surely not executed`, endUnexecuted(rules, s, at, true)),
    system(`${named(at)}: takes effect, no answer, unknown`, returnUnknown(effect, at)),
    system(`${named(at)}: no answer, unknown`, returnUnknown(s, at)),
  ];
}

/** failUnexecuted: clears the record, heartbeats the proof and throws, so that Temporal makes the next attempt. */
export function endUnexecuted(rules: Rules, s: State, at: Attempt, clears: boolean): State {
  const caller = { run: at.token, owner: at.owner, restore: false };
  const cleared = clears ? withState(s, { row: rules.ledger.clear(s.row, caller, at) }) : s;
  const isLive = s.live === at;
  const ended = endAttempt(cleared, at);
  if (!isLive) return ended;
  if (at.attempt >= rules.scope.attempts) {
    // Every attempt was surely not executed: a resend need not wait.
    return withRun(ended, { phase: 'unknown', attempt: at.attempt, never: true, ripe: true });
  }
  const live = newAttempt(ended, { ...at, attempt: at.attempt + 1, cleared: at.attempt });
  // The ordinary activity goes on from here; by its being scheduled Temporal has the first task.
  if (at.inline) return withState(withRun(ended, { claimed: true, unrecorded: false }), { live, attempted: true });
  return withState(ended, { live });
}

/** Temporal hears no more of the execution, which is dead or goes on as a zombie, past its deadline by then. */
export function timeOut(rules: Rules, s: State, goesOn: boolean): State {
  const at = s.live;
  if (at === undefined) return s;
  // A workflow task may time out before the attempt that is made in it.
  if (at.inline) return loseTask(goesOn ? makeZombie(s, false) : endAttempt(s, at));
  const without = goesOn ? makeZombie(s, true) : endAttempt(s, at);
  if (at.attempt >= rules.scope.attempts) return inDoubt(without, at.round, at.attempt);
  // The details of the last heartbeat go along, whatever they prove.
  return withState(without, { live: newAttempt(without, { ...at, attempt: at.attempt + 1 }) });
}

/** The provider has answered: settle.lua, restoring what is lost; the workflow settles what this does not. */
function settle({ ledger }: Rules, s: State, at: Attempt, outcome: 'granted' | 'refused'): Step {
  const caller = (restore: boolean) => ({ run: at.token, owner: at.owner, restore });
  const restorable = isOpen(s, at.token) ? ['lost'] : [];
  const taken = prove((restore) => ledger.settle(s.row, caller(restore), outcome), restorable);
  if (taken.verdict === 'recorded') {
    const next = withState(s, { row: taken.row, indexed: false });
    return system(
      `${named(at)}: settles ${outcome}`,
      finish(next, at, (held) => complete(held, outcome)),
    );
  }
  return system(`${named(at)}: cannot settle ${outcome}`, leaveToWorkflow(s, at, outcome));
}

/** The answer must not be lost, so it is returned without the ledger having it. */
export function leaveToWorkflow(s: State, at: Attempt, outcome: 'granted' | 'refused'): State {
  return finish(s, at, (held) => withRun(held, { phase: 'settle', outcome, attempt: at.attempt }));
}

function returnUnknown(s: State, at: Attempt): State {
  return finish(s, at, (held) => inDoubt(held, at.round, at.attempt));
}

/** The execution returns. Temporal takes the result of the one that it waits for only. */
function finish(s: State, at: Attempt, then: (s: State) => State): State {
  const isLive = s.live === at;
  const ended = endAttempt(s, at);
  return isLive ? then(ended) : ended;
}
