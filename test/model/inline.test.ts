import { describe, expect, test } from 'vitest';
import { ALL_RULES, type Rule, without } from './design.js';
import { explore } from './explore.js';
import { tell } from './tell.js';

const scope = { faults: 2, attempts: 2, rounds: 2, inline: true };
const TWICE = 'the reward took effect twice';

test('the first attempt within the first workflow task breaks no promise by any two faults', () => {
  const started = performance.now();
  const { states, found } = explore({ design: ALL_RULES, scope });
  console.log(`${states} states in ${Math.round((performance.now() - started) / 1000)} s`);
  expect(found.map(tell)).toEqual([]);
});

describe('found guilty', () => {
  const mutants: readonly (readonly [string, readonly Rule[], RegExp])[] = [
    [
      'an attempt within a task trusts a ledger that may have forgotten',
      // Without the second, no attempt outside of a task asks for the witness: those have a case of their own in guilty.test.ts.
      ['comparesWitness', 'believesAWholeLedger'],
      /loses all records/,
    ],
    ['a run whose attempt no history tells of counts as clean', ['witnessedCountsAsAttempted'], /reset to its start/],
    [
      'a run goes the ordinary way where another side owns it by now',
      ['witnessedStaysWithItsOwner'],
      /claims for rocketmq/,
    ],
    ['a worker of the other side hands on without asking the ledger', ['handsOnWhatItBegan'], /handed on/],
  ];

  test.each(mutants)('%s', (_name, rules, by) => {
    const [first] = explore({ design: without(...rules), scope }, { about: 'P1' }).found;
    if (first === undefined) expect.fail(`found innocent without ${rules.join(' and ')}`);
    console.log(tell(first));
    expect(first.broken).toEqual({ promise: 'P1', how: TWICE });
    expect(first.steps.some((step) => by.test(step))).toBe(true);
  });
});
