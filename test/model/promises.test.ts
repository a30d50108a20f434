import { expect, test } from 'vitest';
import { TRANSITIONS } from '../../src/domain/ledger/record.js';
import { ALL_RULES } from './design.js';
import { explore } from './explore.js';
import { tell } from './tell.js';

/**
 * Rows of the state table that no run in reach takes: a settled record outlives every run here, and the activity
 * `takeOver` does not bring the proof that `resume` would need to enter a lost record.
 */
const OUT_OF_REACH = ['settled expire none anyone', 'none resume parked open-run'];

test('with all rules, no promise breaks by any two faults, and every step taken is one of the state table', () => {
  const started = performance.now();
  const { states, found, walked } = explore({ design: ALL_RULES, scope: { faults: 2, attempts: 2, rounds: 2 } });
  console.log(`${states} states in ${Math.round((performance.now() - started) / 1000)} s`);

  expect(found.map(tell)).toEqual([]);
  const rows = TRANSITIONS.map(({ from, step, to, by }) => `${from} ${step} ${to} ${by}`);
  expect(rows.filter((row) => !walked.has(row))).toEqual(OUT_OF_REACH);
});

test('a lookup that lags behind the provider is waited for: no promise breaks by any one fault', () => {
  const { states, found } = explore({
    design: ALL_RULES,
    scope: { faults: 1, attempts: 2, rounds: 2, lag: true },
  });
  console.log(`${states} states`);
  expect(found.map(tell)).toEqual([]);
});

test('a third round changes nothing: no promise breaks by any one fault', () => {
  const { found } = explore({ design: ALL_RULES, scope: { faults: 1, attempts: 2, rounds: 3 } });
  expect(found.map(tell)).toEqual([]);
});
