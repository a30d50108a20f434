import { otherSide, SIDES } from '../../../src/domain/side.js';
import { isHeld, type Taken } from '../ledger.js';
import { type LateStep, type State, withState } from '../state.js';
import { environment, type Rules, type Step } from './step.js';
import { isTooEarly } from './workflow.js';

/** The scripts that the run may have in flight at this moment, as an execution that is given up on would send them late. */
export function stepsInFlight({ scope, design }: Rules, s: State): LateStep[] {
  const { run, row } = s;
  if (run.status !== 'open') return [];
  const { token, round, attempt, outcome } = run;
  const common = { token, side: run.owner, round, attempt, from: 0, outcome: undefined, restore: false };
  const isLost = row.state === 'none' || row.state === 'assigned';
  const isAnothers = isHeld(row) && row.run !== token;
  // With the proof too, where it would have been asked for.
  const withProof = (step: LateStep, isAskedFor: boolean): LateStep[] =>
    isAskedFor ? [step, { ...step, restore: true }] : [step];
  switch (run.phase) {
    case 'seek':
      return SIDES.filter((side) => run.delivered[side]).flatMap((side) => [
        ...withProof({ ...common, step: 'claim', side }, row.state === 'none'),
        ...(run.delivered[otherSide(side)]
          ? []
          : withProof({ ...common, step: 'adopt', side } as const, row.state === 'none')),
      ]);
    case 'take over':
      return [{ ...common, step: 'resume', from: run.from?.from ?? 0 }];
    case 'unknown':
      return withProof({ ...common, step: 'park' }, isLost || isAnothers);
    case 'reopen':
      return withProof({ ...common, step: 'reopen' }, isLost || isAnothers);
    case 'parked':
      if (s.answer?.resolution !== 'resend' || round >= scope.rounds) return [];
      // One that is turned away sends no script, or one that changes nothing.
      if (s.answer.round !== round && design.answersNameTheirRound) return [];
      if (isTooEarly(design, s.run, s.answer)) return [];
      return withProof({ ...common, step: 'reopen' }, isLost || isAnothers);
    case 'settle':
      return withProof({ ...common, step: 'settle', outcome }, isLost || isAnothers);
    case 'reward':
      return [];
  }
}

/** Redis runs it at last. Whoever sent it is gone, and with it the verdict. */
export function runLateStep({ ledger }: Rules, s: State): Step[] {
  const { late, row } = s;
  if (late === undefined) return [];
  const caller = { run: late.token, owner: late.side, restore: late.restore };
  const taken = ((): Taken<string> => {
    switch (late.step) {
      case 'claim':
        return ledger.claim(row, caller, late.side);
      case 'adopt':
        return ledger.adopt(row, caller, late.side);
      case 'park':
        return ledger.park(row, caller, late);
      case 'reopen':
        return ledger.reopen(row, caller, late.round);
      case 'settle':
        return ledger.settle(row, caller, late.outcome ?? 'abandoned');
      case 'resume':
        return ledger.resume(row, caller, late.from);
    }
  })();
  return [environment(`late: ${late.step} of run ${late.token}`, withState(s, { row: taken.row, late: undefined }))];
}
