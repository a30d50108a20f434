import { describe, expect, test } from 'vitest';
import { isTransition, LEDGER_STEPS, RECORD_STATES, TRANSITIONS } from '../../../../src/domain/ledger/record.js';

describe('the state table', () => {
  test('lists each transition once, between known states', () => {
    const rows = TRANSITIONS.map(({ from, step, to, by }) => `${from} ${step} ${to} ${by}`);
    expect(new Set(rows).size).toBe(rows.length);
    for (const { from, step, to } of TRANSITIONS) {
      expect(RECORD_STATES).toContain(from);
      expect(RECORD_STATES).toContain(to);
      expect(LEDGER_STEPS).toContain(step);
    }
  });

  test('a decision is made once: nothing leads back to assigned', () => {
    expect(TRANSITIONS.filter(({ to }) => to === 'assigned')).toEqual([
      { from: 'none', step: 'route', to: 'assigned', by: 'anyone' },
    ]);
  });

  test('an outcome is final: nothing but expiry leads out of settled', () => {
    expect(TRANSITIONS.filter(({ from, to }) => from === 'settled' && to !== 'settled')).toEqual([
      { from: 'settled', step: 'expire', to: 'none', by: 'anyone' },
    ]);
  });

  test('only what is settled expires: nothing else is ever forgotten', () => {
    expect(TRANSITIONS.filter(({ to }) => to === 'none').map(({ from }) => from)).toEqual(['settled']);
  });

  test('a request goes out only by begin, and only for the run that holds the message or proves to be the open one', () => {
    const sends = TRANSITIONS.filter(({ to }) => to === 'sending');
    expect(new Set(sends.map(({ step }) => step))).toEqual(new Set(['begin']));
    expect(sends.some(({ by }) => by === 'anyone')).toBe(false);
  });

  test('no restoration lets a run send over a record that another run holds', () => {
    const over = TRANSITIONS.filter(
      ({ step, by, from }) => step === 'begin' && by === 'open-run' && from !== 'none' && from !== 'assigned',
    );
    expect(over).toEqual([]);
  });

  test('what is parked is sent again only after it was reopened', () => {
    expect(isTransition('parked', 'begin', 'sending')).toBe(false);
    expect(isTransition('parked', 'reopen', 'claimed')).toBe(true);
  });

  test('only adoption and claim lead from assigned without proof', () => {
    const steps = TRANSITIONS.filter(({ from, by }) => from === 'assigned' && by === 'anyone').map(({ step }) => step);
    expect(steps).toEqual(['claim', 'adopt']);
  });

  test('every unsettled state that is held can settle: there is no dead end', () => {
    for (const from of ['claimed', 'sending', 'parked'] as const)
      expect(isTransition(from, 'settle', 'settled')).toBe(true);
  });
});
