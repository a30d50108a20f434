import type { LedgerStep, RecordState } from '../../src/domain/ledger/record.js';
import type { SettledOutcome } from '../../src/domain/reward/outcome.js';
import type { Side } from '../../src/domain/side.js';
import type { Design } from './design.js';
import { type LedgerRow, NO_ROW } from './state.js';
import { type Table, tableFor } from './table.js';

/** Who takes a step (src/ledger/redis/lua/fragments/holder.lua): `owner` is what a restored record would name. */
export interface Caller {
  readonly run: number;
  readonly owner: Side;
  readonly restore: boolean;
}

/** A verdict of src/ledger/verdicts.ts, and the record after it. */
export interface Taken<V extends string> {
  readonly verdict: V;
  readonly row: LedgerRow;
}

type Common = 'settled' | 'other-run' | 'lost';

export interface ModelLedger {
  readonly table: Table;
  route(row: LedgerRow, decided: Side): LedgerRow;
  claim(row: LedgerRow, caller: Caller, side: Side): Taken<Common | 'claimed' | 'not-owner'>;
  adopt(row: LedgerRow, caller: Caller, side: Side): Taken<Common | 'claimed' | 'not-owner'>;
  begin(row: LedgerRow, caller: Caller, attempt: Pair & Begun): Taken<Common | 'go' | 'late' | 'uncovered' | 'parked'>;
  clear(row: LedgerRow, caller: Caller, attempt: Pair & { readonly id: number }): LedgerRow;
  park(row: LedgerRow, caller: Caller, pair: Pair): Taken<Common | 'recorded' | 'moved-on'>;
  reopen(row: LedgerRow, caller: Caller, round: number): Taken<Common | 'reopened' | 'moved-on'>;
  settle(row: LedgerRow, caller: Caller, outcome: SettledOutcome): Taken<Common | 'recorded'>;
  resume(row: LedgerRow, caller: Caller, from: number): Taken<Common | 'clean' | 'unknown' | 'not-claimed'>;
  strand(row: LedgerRow, run: number): LedgerRow;
  /** Only a design that gives ownership back has it. */
  release(row: LedgerRow, caller: Caller): LedgerRow;
}

interface Pair {
  readonly round: number;
  readonly attempt: number;
}

interface Begun {
  readonly id: number;
  readonly cleared: number;
}

export const isHeld = ({ state }: LedgerRow): boolean =>
  state === 'claimed' || state === 'sending' || state === 'parked';

/** The scripts of src/ledger/redis/lua, one function each, over the state table of the code. */
export function createModelLedger(design: Design): ModelLedger {
  const table = tableFor(design);

  /** Every change of a record's state goes through here, and so through the table. */
  function move(row: LedgerRow, step: LedgerStep, to: RecordState, change: Partial<LedgerRow>, caller?: Caller) {
    const actor = caller === undefined ? 'anyone' : isHeld(row) && row.run === caller.run ? 'holder' : 'open-run';
    table.allow(row.state, step, to, actor);
    const resumed = caller === undefined || row.run === caller.run ? row.resumed : '';
    return Object.assign({ ...row }, { resumed }, change, { state: to, stranded: false });
  }

  /** fragments/holder.lua: what the caller is to an unsettled record. */
  function standing(row: LedgerRow, { run, restore }: Caller, mayReplaceRun: boolean) {
    if (!isHeld(row)) return restore ? 'restoring' : 'lost';
    if (row.run === run) return 'holder';
    return restore && mayReplaceRun ? 'restoring' : 'other-run';
  }

  const restored = ({ run, owner }: Caller): Partial<LedgerRow> => ({ run, owner });

  /** fragments/take.lua */
  function take(row: LedgerRow, caller: Caller, side: Side, step: 'claim' | 'adopt') {
    const { state } = row;
    if (state === 'settled') return { verdict: 'settled', row } as const;
    const takesAnything = step === 'adopt' && !design.adoptsByCompareAndSet;
    if (isHeld(row) && !takesAnything) {
      if (row.run !== caller.run) return { verdict: 'other-run', row } as const;
      // A repeat: only the note that it is stranded goes. Of a claim that was followed by more, it is answered the same.
      if (state === 'claimed') table.allow(state, step, state, 'holder');
      return { verdict: 'claimed', row: row.stranded ? { ...row, stranded: false } : row } as const;
    }
    if (state === 'none' && !caller.restore) return { verdict: 'lost', row } as const;
    const owner = state === 'none' ? caller.owner : row.owner;
    if (owner !== side && step === 'claim') return { verdict: 'not-owner', row } as const;
    const change = { owner: side, run: caller.run, round: 0, attempt: 0, nonce: 0 };
    // By anyone where it is assigned; where it is lost, with the proof.
    const taker = state === 'none' ? caller : undefined;
    return { verdict: 'claimed', row: move({ ...row, resumed: '' }, step, 'claimed', change, taker) } as const;
  }

  return {
    table,

    // route.lua, where nobody has decided; all else it does is to answer.
    route: (row, decided) => move(row, 'route', 'assigned', { owner: decided }),

    claim: (row, caller, side) => take(row, caller, side, 'claim'),
    adopt: (row, caller, side) => take(row, caller, side, 'adopt'),

    // begin.lua
    begin(row, caller, { round, attempt, id, cleared }) {
      if (row.state === 'settled') return { verdict: 'settled', row };
      const as = standing(row, caller, false);
      if (as === 'lost' || as === 'other-run') return { verdict: as, row };
      if (as === 'holder') {
        const samePair = round === row.round && attempt === row.attempt;
        const sameNonce = row.nonce === id || !design.nonceIsPerExecution;
        if (row.state === 'sending' && samePair && sameNonce) return { verdict: 'go', row };
        const above = round > row.round || (round === row.round && attempt > row.attempt);
        if (!above) return { verdict: 'late', row };
        if (row.state === 'parked') return { verdict: 'parked', row };
        const covered = round === row.round && cleared >= row.attempt;
        if (row.state === 'sending' && !covered) return { verdict: 'uncovered', row };
      }
      const change = { ...(as === 'restoring' && restored(caller)), round, attempt, nonce: id };
      return { verdict: 'go', row: move(row, 'begin', 'sending', change, caller) };
    },

    // clear.lua
    clear(row, caller, { round, attempt, id }) {
      const mine = row.run === caller.run && row.round === round && row.attempt === attempt && row.nonce === id;
      if (row.state !== 'sending' || !mine) return row;
      return move(row, 'clear', 'claimed', {}, caller);
    },

    // park.lua
    park(row, caller, { round, attempt }) {
      if (row.state === 'settled') return { verdict: 'settled', row };
      const as = standing(row, caller, true);
      if (as === 'lost' || as === 'other-run') return { verdict: as, row };
      const below = round < row.round || (round === row.round && attempt < row.attempt);
      if (as === 'holder' && below) return { verdict: 'moved-on', row };
      const change = { ...(as === 'restoring' && restored(caller)), round, attempt, nonce: 0 };
      return { verdict: 'recorded', row: move(row, 'park', 'parked', change, caller) };
    },

    // reopen.lua, without its look at the time: the callers below look at it.
    reopen(row, caller, round) {
      if (row.state === 'settled') return { verdict: 'settled', row };
      const as = standing(row, caller, true);
      if (as === 'lost' || as === 'other-run') return { verdict: as, row };
      if (as === 'holder' && row.round > round) {
        const repeated = row.round === round + 1 && row.state !== 'parked';
        return { verdict: repeated ? 'reopened' : 'moved-on', row };
      }
      const change = { ...(as === 'restoring' && restored(caller)), round: round + 1, attempt: 0, nonce: 0 };
      return { verdict: 'reopened', row: move(row, 'reopen', 'claimed', change, caller) };
    },

    // settle.lua
    settle(row, caller, outcome) {
      if (row.state === 'settled') {
        if (row.outcome !== outcome || row.run !== caller.run) return { verdict: 'settled', row };
        table.allow('settled', 'settle', 'settled', 'anyone');
        return { verdict: 'recorded', row };
      }
      const as = standing(row, caller, true);
      if (as === 'lost' || as === 'other-run') return { verdict: as, row };
      const owner = as === 'restoring' ? caller.owner : row.owner;
      const change = { ...NO_ROW, owner, run: caller.run, outcome };
      return { verdict: 'recorded', row: move(row, 'settle', 'settled', change, caller) };
    },

    // resume.lua
    resume(row, caller, from) {
      if (row.state === 'settled') return { verdict: 'settled', row };
      if (row.state === 'none') {
        if (!caller.restore) return { verdict: 'lost', row };
        const change = { ...restored(caller), resumed: 'unknown' } as const;
        return { verdict: 'unknown', row: move(row, 'resume', 'parked', change, caller) };
      }
      if (row.state === 'assigned') return { verdict: 'not-claimed', row };
      const forgets = !design.resumeTakesAttemptedForUnknown;
      const clean = (row.state === 'claimed' && row.round === 0 && row.attempt === 0) || forgets;
      const certainty = clean ? 'clean' : 'unknown';
      if (row.run === caller.run) return { verdict: row.resumed === '' ? certainty : row.resumed, row };
      if (row.run !== from) return { verdict: 'other-run', row };
      const change = {
        run: caller.run,
        nonce: 0,
        resumed: certainty,
        ...(forgets && { round: 0, attempt: 0 }),
      } as const;
      return { verdict: certainty, row: move(row, 'resume', clean ? 'claimed' : 'parked', change, caller) };
    },

    // strand.lua: the state stays.
    strand(row, run) {
      const mine = row.state === 'assigned' || (isHeld(row) && row.run === run);
      return mine && !row.stranded ? { ...row, stranded: true } : row;
    },

    release: (row, caller) =>
      isHeld(row) && row.run === caller.run ? move(row, 'clear', 'assigned', { nonce: 0 }, caller) : row,
  };
}
