import { SIDES } from '../../../src/domain/side.js';
import { type LedgerRow, type State, withState } from '../state.js';
import { check, takeAgain } from './intake.js';
import { callerOf, complete, local, prove, type Rules, type Step, system } from './step.js';

/** What finds messages that nothing moves: the sweeper, the rebuilding of the ledger, and a parked run that looks up. */
export function sweeperSteps(rules: Rules, s: State): Step[] {
  return [
    ...SIDES.flatMap((side) => takeAgain(rules, s, side)),
    ...sweep(rules, s),
    ...list(rules, s),
    ...rebuild(rules, s),
    ...lookUp(rules, s),
  ];
}

/** workers/safety-net/sweeper.ts: what the age index knows and is not settled. */
function sweep(rules: Rules, s: State): Step[] {
  if (!s.indexed || s.row.state === 'settled') return [];
  const next = check(rules, s);
  return next.row === s.row ? [] : [system('sweeper: tells the ledger what became of the workflow', next)];
}

const LOST_OR_ANOTHERS = ['lost', 'other-run'];

/** A parked run is found where the parked are listed, whatever became of its record. */
function list({ design, ledger }: Rules, s: State): Step[] {
  const { row, run } = s;
  const isParked = run.status === 'open' && run.phase === 'parked';
  if (!design.listsWhatIsParked || !isParked || row.state === 'parked' || row.state === 'settled') return [];
  const take = (restore: boolean) => ledger.park(row, callerOf(run, run.owner, restore), run);
  const next = withState(s, { row: prove(take, LOST_OR_ANOTHERS).row });
  return next.row === row ? [] : [system('sweeper: has the parked run listed', next)];
}

/**
 * recovery/rebuild.ts and standing-entry.ts, some time after the ledger was made to forget; meanwhile intake holds
 * once that is noticed, but deliveries until then are routed on what there is, so nothing is held back here.
 */
function rebuild(rules: Rules, s: State): Step[] {
  const { row, run } = s;
  const isNoticed = rules.design.rebuildsFromTemporal && (s.lost || s.rolledBack);
  if (!isNoticed || row.state === 'settled' || run.status === 'none') return [];
  const next = run.status === 'open' ? withState(s, { row: standing(rules, s), indexed: true }) : closed(rules, s);
  const isNews = next.row !== row || next.indexed !== s.indexed;
  return isNews ? [system('rebuilt from what Temporal shows', next)] : [];
}

/** What a closed run leaves behind is entered as it began, and then told as the sweeper would. */
function closed(rules: Rules, s: State): State {
  const { row, run } = s;
  const entered = row.state === 'none' && run.status === 'closed' ? rules.ledger.route(row, run.origin) : row;
  return check(rules, withState(s, { row: entered, indexed: s.indexed || run.status === 'closed' }), row.run);
}

/** The record of an open run, by the same steps and with the same proof as the run itself would take. */
function standing({ ledger }: Rules, { row, run }: State): LedgerRow {
  const caller = (restore: boolean) => callerOf(run, run.owner, restore);
  const isUnheld = row.state === 'none' || row.state === 'assigned';
  // A run in its first task answers no question, and is entered as it began.
  switch (run.unrecorded ? 'seek' : run.phase) {
    case 'seek':
      return row.state === 'none' && SIDES.some((side) => run.delivered[side]) ? ledger.route(row, run.origin) : row;
    case 'reward':
    case 'unknown':
    case 'reopen': {
      if (!run.claimed || (!isUnheld && row.state !== 'parked')) return row;
      if (run.round > 1) return prove((restore) => ledger.reopen(row, caller(restore), run.round - 1), ['lost']).row;
      const mine = prove((restore) => ledger.claim(row, caller(restore), run.owner), ['lost']);
      if (mine.verdict !== 'not-owner') return mine.row;
      return prove((restore) => ledger.adopt(row, caller(restore), run.owner), ['lost']).row;
    }
    case 'parked':
      return row.state === 'parked'
        ? row
        : prove((restore) => ledger.park(row, caller(restore), run), LOST_OR_ANOTHERS).row;
    case 'take over':
    case 'settle':
      return row;
  }
}

/** A parked run that finds its message settled, say by an execution that was taken for dead. */
function lookUp({ design }: Rules, s: State): Step[] {
  const { row, run } = s;
  if (run.status !== 'open' || run.phase !== 'parked' || row.state !== 'settled') return [];
  return design.parkedMindsSettled ? [local('is parked, finds it settled', complete(s, row.outcome))] : [];
}
