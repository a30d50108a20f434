import { describe, expect, test } from 'vitest';
import { TRANSITIONS } from '../../src/domain/ledger/record.js';
import { ALL_RULES, type Design, without } from './design.js';
import { explore, stepsFrom } from './explore.js';
import { keyOf } from './key.js';
import { createModelLedger } from './ledger.js';
import { INITIAL, NO_ROW, type State } from './state.js';
import { createTable } from './table.js';
import { tell } from './tell.js';

const scope = { faults: 1, attempts: 2, rounds: 2 };

describe('the state table of the code decides which steps there are', () => {
  test('a step that it does not list is refused', () => {
    const table = createTable();
    expect(() => table.allow('claimed', 'clear', 'assigned', 'holder')).toThrow(
      'does not list: claimed -clear-> assigned',
    );
    expect(() => table.allow('sending', 'begin', 'sending', 'anyone')).toThrow('by anyone');
    expect(() => table.allow('sending', 'begin', 'sending', 'holder')).not.toThrow();
  });

  test('a row that is taken out of it stops the explorer', () => {
    const table = createTable(TRANSITIONS.filter(({ step }) => step !== 'park'));
    expect(() => table.allow('sending', 'park', 'parked', 'holder')).toThrow('does not list');
  });

  test('a run that brings no proof restores nothing', () => {
    const ledger = createModelLedger(ALL_RULES);
    const caller = { run: 1, owner: 'kafka', restore: false } as const;
    expect(ledger.claim(NO_ROW, caller, 'kafka')).toEqual({ verdict: 'lost', row: NO_ROW });
    expect(ledger.claim(NO_ROW, { ...caller, restore: true }, 'kafka').row.state).toBe('claimed');
  });
});

describe('what makes it small loses nothing', () => {
  const designs: readonly (readonly [string, Design])[] = [
    ['all rules', ALL_RULES],
    ['a reset run that passes for the one before', without('resetRunIsAnotherRun')],
    ['no wait for what may still take effect', without('absentMustBeRipe')],
    ['a resume that forgets', without('resumeTakesAttemptedForUnknown')],
  ];

  test.each(designs)('%s: the same ways of breaking a promise with and without what is forgotten', (_name, design) => {
    const hows = (reduced: boolean) =>
      explore({ design, scope }, { all: true, reduced })
        .found.map(({ broken }) => broken.how)
        .sort();
    expect(hows(true)).toEqual(hows(false));
  });

  test('the same with a first attempt within a task', () => {
    const hows = (reduced: boolean) =>
      explore({ design: without('handsOnWhatItBegan'), scope: { ...scope, inline: true } }, { all: true, reduced })
        .found.map(({ broken }) => broken.how)
        .sort();
    expect(hows(true)).toEqual(hows(false));
  });

  test.each([false, true])('no two states have the same name; within a task: %s', (inline) => {
    const design = without('resetRunIsAnotherRun', 'answersCarryTheirTime');
    const world = { design, scope: { ...scope, inline } };
    expect(explore(world, { all: true, nameOf: keyOf }).states).toBe(
      explore(world, { all: true, nameOf: (s: State) => JSON.stringify(s) }).states,
    );
  });
});

test('a counterexample is a way that can be walked, and a person can read it', () => {
  const world = { design: without('keepsOwnershipOnFailure'), scope: { ...scope, faults: 0 } };
  const [shortest] = explore(world).found;
  if (shortest === undefined) expect.fail('found innocent');
  const rules = { ...world, ledger: createModelLedger(world.design) };
  const end = shortest.steps.reduce<State>((s, label) => {
    const step = stepsFrom(rules, s).find((one) => one.label === label);
    if (step === undefined) expect.fail(`no such step: ${label}`);
    return step.next;
  }, INITIAL);
  expect(end.effects).toBe(2);
  expect(tell(shortest)).toMatchInlineSnapshot(`
    "P1 is broken: the reward took effect twice
      1. kafka: delivered, first sight, owner kafka
      2. kafka: starts the workflow, acknowledged
      3. workflow: claims for kafka
      4. attempt 1.1: begins
      5. attempt 1.1: takes effect, no answer, unknown
      6. workflow: gives the message back
      7. workflow: claims for kafka
      8. attempt 1.1: begins
      9. attempt 1.1: granted
      => effects 2; ledger sending (kafka, run 1, attempt 1.1); run 1 open (reward, round 1); kafka's copy acked, rocketmq's new"
  `);
});

test('without a fault there is nothing to find, and the clean path is among what is walked', () => {
  const { found, states, walked } = explore({ design: ALL_RULES, scope: { ...scope, faults: 0 } }, { all: true });
  expect(found).toEqual([]);
  expect(states).toBeGreaterThan(100);
  for (const row of ['none route assigned anyone', 'assigned adopt claimed anyone', 'sending settle settled holder'])
    expect(walked).toContain(row);
});
