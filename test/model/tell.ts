import type { Counterexample } from './explore.js';
import type { LedgerRow, State } from './state.js';

/** A counterexample as a person reads it: what happened, step by step, and how things stand then. */
export function tell({ broken, steps, end }: Counterexample): string {
  const width = String(steps.length).length;
  return [
    `${broken.promise} is broken: ${broken.how}`,
    ...steps.map((step, index) => `${String(index + 1).padStart(width + 2)}. ${step}`),
    `  => ${describe(end)}`,
  ].join('\n');
}

function describe({ effects, row, run, indexed, copies }: State): string {
  const told = run.outcome === undefined ? '' : `: ${run.outcome}`;
  const open = run.status === 'open' ? ` (${run.phase}${run.round === 0 ? '' : `, round ${run.round}`})` : '';
  return [
    `effects ${effects}`,
    `ledger ${describeRow(row)}${indexed ? '' : ', not indexed'}`,
    `run ${run.id} ${run.status}${open}${told}`,
    `kafka's copy ${copies.kafka.at}, rocketmq's ${copies.rocketmq.at}`,
  ].join('; ');
}

function describeRow({ state, owner, run, round, attempt, stranded, outcome }: LedgerRow): string {
  if (state === 'none') return state;
  const holder = run === 0 ? '' : `, run ${run}`;
  const pair = round === 0 ? '' : `, attempt ${round}.${attempt}`;
  return `${state}${outcome === undefined ? '' : `: ${outcome}`} (${owner}${holder}${pair}${stranded ? ', stranded' : ''})`;
}
