import { type Answer, type Resuming, type State, withState } from '../state.js';
import { newRun } from './intake.js';
import { person, type Rules, type Step } from './step.js';

/**
 * What people may do. They tell the truth as they see it: 'granted' where the reward was given, 'resend' where it has not
 * been given so far, which is all that anyone can see at the provider.
 */
export function personSteps(rules: Rules, s: State): Step[] {
  return [...resolve(rules, s), ...resume(rules, s)];
}

/** operations/resolve/resolve-message.ts: the answer lies with Temporal until a worker takes it up. A forced one is out of P1's reach. */
function resolve(rules: Rules, s: State): Step[] {
  const { run } = s;
  if (run.status !== 'open' || run.phase !== 'parked' || s.answer !== undefined) return [];
  const say = (resolution: Answer['resolution']): Step =>
    person(`person: ${resolution}`, withState(s, { answer: { round: run.round, resolution, early: !run.ripe } }));
  // Before its time, an answer is worth its states only where it does something that a later one does not: a resend, if it
  // is not turned away, or a word that overtakes what may still be on its way.
  const isRaced = s.air > 0 || s.zombies.length > 0;
  const isTurnedAway = rules.design.answersCarryTheirTime && rules.design.absentMustBeRipe;
  if (s.effects > 0) return [...(run.ripe || isRaced ? [say('granted')] : []), ...(run.ripe ? [say('abandon')] : [])];
  return [...(run.ripe || !isTurnedAway ? [say('resend')] : []), ...(run.ripe ? [say('abandon')] : [])];
}

/** operations/resume/resume-message.ts: reads what has closed, and then starts another run, which two people may do side by side. */
function resume(rules: Rules, s: State): Step[] {
  const { run, row, resuming } = s;
  const steps: Step[] = [];
  if (run.status === 'closed' && row.state !== 'settled') {
    const attempted = s.attempted || row.state === 'sending' || row.state === 'parked';
    const read = { from: run.token, attempted: attempted && rules.design.resumeTakesAttemptedForUnknown };
    steps.push(person('person: resumes it', resumed(rules, s, read)));
    // Without a fault to come the new run closes no more, and what was read is of no use to anybody.
    const mayCloseAgain = s.faults < rules.scope.faults || !rules.design.resumesOnlyWhatDidNotComplete;
    if (resuming === undefined && mayCloseAgain)
      steps.push(person('person: reads the closed run', withState(s, { resuming: read })));
  }
  if (resuming !== undefined) {
    const mayStart =
      run.status === 'closed' || (run.status === 'completed' && !rules.design.resumesOnlyWhatDidNotComplete);
    const without = withState(s, { resuming: undefined });
    if (mayStart) steps.push(person('person: resumes what was read', resumed(rules, without, resuming)));
  }
  return steps;
}

function resumed({ design }: Rules, s: State, resumes: Resuming): State {
  const { startedBy, origin, owner, claimed } = s.run;
  const run = newRun(s, startedBy, claimed && design.takesOverForTheSameSide ? owner : origin);
  return withState(s, { run: { ...run, resumes, phase: 'take over', from: resumes } });
}
