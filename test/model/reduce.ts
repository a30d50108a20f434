import { isHeld } from './ledger.js';
import type { Rules } from './rules/step.js';
import { changeRun, INITIAL, type LedgerRow, NO_ROW, type Run, type State, withState } from './state.js';

const DONE = { at: 'acked', hand: '', hangs: false } as const;
const BOTH_DONE = { kafka: DONE, rocketmq: DONE };

/**
 * Forgets what no later step can read, so that states which can only go on alike are one. While a fault may still come
 * nearly everything can be read again. Afterwards no run is closed or reset, so once a run has got hold of the message, or
 * is through with it:
 *
 * - Deliveries end in an acknowledgement: the workflow is there. They are taken for acknowledged at once, which is the
 *   harder case, as the message is with a broker no longer.
 * - A record that nobody holds is as good as none: the run restores it, whatever another delivery has decided meanwhile.
 * - The same goes for what a closed run has left in a held record: it is taken over as it is.
 * - What only a reset, `resume` or the first claim reads is read no more.
 */
export function reduce({ scope, design }: Rules, s: State): State {
  const { run, row, saved, late } = s;
  if (s.faults < scope.faults) return s;
  if (!design.keepsOwnershipOnFailure || !design.adoptsByCompareAndSet || !design.closedIdStaysClosed) return s;
  if (late?.step === 'claim' || late?.step === 'adopt') return s;
  const isTakenOver = run.status === 'closed' || run.phase === 'take over';
  if (run.status !== 'none' && isTakenOver && isHeld(row) && saved === undefined)
    return withState(s, { copies: BOTH_DONE });
  const isThrough = run.status === 'completed';
  const holds = run.status === 'open' && run.phase !== 'seek' && run.phase !== 'take over';
  if (!isThrough && !holds) return s;
  if (s.resuming !== undefined && !design.resumesOnlyWhatDidNotComplete) return s;
  const isFinal = row.state === 'settled' && saved === undefined;
  // An attempt that the run makes later may follow one that ended without a word.
  const mayBegin = !isThrough || s.zombies.some(({ at }) => at === 'begin');
  const maySend = s.air > 0 || s.zombies.some(({ at, expired }) => !isFinal || (at === 'send' && !expired));
  // A lookup sends again in the first round, if at all.
  const mayResend = !isThrough && (run.round <= 1 || !design.lookupsSendAgainOnce);
  if (isThrough && run.outcome !== undefined && !maySend) return { ...THE_END, faults: s.faults };
  return withState(s, {
    copies: BOTH_DONE,
    indexed: true,
    attempted: false,
    resuming: undefined,
    // Whether there is something to rebuild is all that is left of them.
    lost: s.lost || s.rolledBack,
    rolledBack: false,
    forgot: s.forgot && mayBegin,
    row: withoutWhatIsOver(row),
    saved: saved && withoutWhatIsOver(saved),
    resent: mayResend ? s.resent : 0,
    behind: s.effects > 0 ? s.behind : 0,
    run: changeRun(run, mayResend ? FORGOTTEN : { ...FORGOTTEN, absent: false, sure: false }),
  });
}

/** What only a reset, `resume` or the first claim reads of a run. */
const FORGOTTEN: Partial<Run> = {
  claimed: false,
  parkedAt: undefined,
  startedBy: 'kafka',
  origin: 'kafka',
  delivered: { kafka: true, rocketmq: true },
  resumes: undefined,
  reset: false,
  unrecorded: false,
};

/** All that was still open can change nothing: one state for all such ends. */
const THE_END: State = {
  ...INITIAL,
  copies: BOTH_DONE,
  row: { ...NO_ROW, state: 'settled', outcome: 'abandoned' },
  run: { ...INITIAL.run, status: 'completed', outcome: 'abandoned' },
};

function withoutWhatIsOver(row: LedgerRow): LedgerRow {
  if (row.state === 'assigned') return NO_ROW;
  return row.resumed === '' && !row.stranded ? row : { ...row, resumed: '', stranded: false };
}
