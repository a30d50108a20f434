import { type LedgerStep, type RecordState, TRANSITIONS, type Transition } from '../../src/domain/ledger/record.js';
import type { Design } from './design.js';

type Actor = Transition['by'];

/** The state table of the code, as the one thing that decides whether a step of the model may be taken. */
export interface Table {
  /** @throws Error if the table does not list the step, for this actor */
  allow(from: RecordState, step: LedgerStep, to: RecordState, actor: Actor): void;
  /** The rows that have been taken so far, as `from step to by`. */
  readonly walked: ReadonlySet<string>;
}

export function createTable(rows: readonly Transition[] = TRANSITIONS): Table {
  // What `anyone` may do, a holder and an open run may do too.
  const listed = new Map<string, string>();
  for (const { from, step, to, by } of rows) {
    for (const actor of by === 'anyone' ? (['anyone', 'holder', 'open-run'] as const) : [by]) {
      const name = `${from} ${step} ${to} ${actor}`;
      if (by !== 'anyone' || !listed.has(name)) listed.set(name, `${from} ${step} ${to} ${by}`);
    }
  }
  const walked = new Set<string>();
  return {
    walked,
    allow(from, step, to, actor) {
      const row = listed.get(`${from} ${step} ${to} ${actor}`);
      if (row === undefined) throw new Error(`the state table does not list: ${from} -${step}-> ${to} by ${actor}`);
      walked.add(row);
    },
  };
}

/** The table that a broken design would need: the code's own, and the rows that only that design takes. */
export function tableFor(design: Design): Table {
  const held = ['claimed', 'sending', 'parked'] as const;
  return createTable([
    ...TRANSITIONS,
    ...(design.keepsOwnershipOnFailure
      ? []
      : held.map((from): Transition => ({ from, step: 'clear', to: 'assigned', by: 'holder' }))),
    ...(design.adoptsByCompareAndSet
      ? []
      : held.map((from): Transition => ({ from, step: 'adopt', to: 'claimed', by: 'anyone' }))),
    ...(design.resumeTakesAttemptedForUnknown
      ? []
      : held.slice(1).map((from): Transition => ({ from, step: 'resume', to: 'claimed', by: 'open-run' }))),
  ]);
}
