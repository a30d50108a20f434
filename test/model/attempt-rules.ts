import { type Attempt, type State, withState } from './state.js';
import {
  complete,
  endAttempt,
  inDoubt,
  isOpen,
  makeZombie,
  newAttempt,
  prove,
  type Rules,
  replaceAttempt,
  type Step,
  system,
  withRun,
} from './step.js';

/** What the attempts at the reward may do next (src/activities/reward-activities.ts): Temporal's, and those it gave up on. */
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

const named = ({ round, attempt }: Attempt): string => `attempt ${round}.${attempt}`;

function execute(rules: Rules, s: State, at: Attempt): Step[] {
  switch (at.at) {
    case 'begin':
    case 'restore':
      return [begin(rules, s, at)];
    case 'send':
      return send(rules, s, at);
    case 'granted':
    case 'refused':
      return [settle(rules, s, at, at.at)];
  }
}

/** What `begin` allows: the ledger as it is afterwards, and where the execution goes from there. */
export function begin(rules: Rules, s: State, at: Attempt): Step {
  const { design } = rules;
  if (design.attemptsNeedTemporalsProof && at.cleared !== at.attempt - 1) {
    return system(`${named(at)}: no proof for the one before, unknown`, returnUnknown(s, at));
  }
  const taken = takeBegin(rules, s, at);
  const next = withState(s, { row: taken.row });
  switch (taken.verdict) {
    case 'go':
      return system(
        `${named(at)}: begins`,
        replaceAttempt(withState(next, { sender: s.sender ?? at.owner }), at, { ...at, at: 'send' }),
      );
    case 'lost':
      return isOpen(s, at.token)
        ? system(`${named(at)}: record lost, run open`, replaceAttempt(s, at, { ...at, at: 'restore' }))
        : system(`${named(at)}: record lost, run closed, unknown`, returnUnknown(s, at));
    case 'settled':
      return system(
        `${named(at)}: finds it settled`,
        finish(s, at, (held) => complete(held, taken.row.outcome)),
      );
    default:
      return system(`${named(at)}: ${taken.verdict}, unknown`, returnUnknown(next, at));
  }
}

export function takeBegin({ ledger }: Rules, { row }: State, at: Attempt) {
  return ledger.begin(row, { run: at.token, owner: at.owner, restore: at.at === 'restore' }, at);
}

/** What the provider does with the request, and what comes back of it. */
function send(rules: Rules, s: State, at: Attempt): Step[] {
  if (at.expired && rules.design.writesBeforeItsDeadlineOnly) {
    return [system(`${named(at)}: past its deadline, does not write`, endUnexecuted(rules, s, at, true))];
  }
  const effect = withState(s, { effects: s.effects + 1 });
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
  return withState(ended, { live: newAttempt(ended, { ...at, attempt: at.attempt + 1, cleared: at.attempt }) });
}

/** Temporal hears no more of the execution, which is dead or goes on as a zombie, past its deadline by then. */
export function timeOut(rules: Rules, s: State, goesOn: boolean): State {
  const at = s.live;
  if (at === undefined) return s;
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
