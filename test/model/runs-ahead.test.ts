import { describe, expect, test } from 'vitest';
import { ALL_RULES, type Rule, without } from './design.js';
import { explore } from './explore.js';
import { tell } from './tell.js';

const scope = { attempts: 2, rounds: 1, runsAhead: true };

test('a position that runs ahead of what was accepted loses nothing and pays nothing twice, with any other fault beside it', () => {
  const started = performance.now();
  const { states, found } = explore({ design: ALL_RULES, scope: { ...scope, faults: 2 } });
  console.log(`${states} states in ${Math.round((performance.now() - started) / 1000)} s`);
  expect(found.map(tell)).toEqual([]);
});

describe('found guilty', () => {
  const mutants: readonly (readonly [string, Rule])[] = [
    ['nobody takes again what is lost', 'takesAgainWhatIsLost'],
    ['the age index has a message only as its workflow starts', 'indexesAtRoute'],
  ];

  test.each(mutants)('%s', (_name, rule) => {
    const [first] = explore({ design: without(rule), scope: { ...scope, faults: 1 } }, { about: 'P2' }).found;
    if (first === undefined) expect.fail(`found innocent without ${rule}`);
    console.log(tell(first));
    expect(first.broken).toEqual({ promise: 'P2', how: 'acknowledged, and no workflow has it' });
    expect(first.steps.some((step) => /runs ahead/.test(step))).toBe(true);
  });
});
