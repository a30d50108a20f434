import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AdoptionInput, decideAdoption } from '../../../src/domain/adoption.js';
import { initialPolicy, type Policy } from '../../../src/domain/policy.js';
import { otherSide, SIDES } from '../../../src/domain/side.js';

const on: Policy = { ...initialPolicy('2026-01-01T00:00:00Z'), consumption: 'on', hundredths: 5_000 };
const half: AdoptionInput = {
  policy: on,
  owner: 'rocketmq',
  ownerPast: undefined,
  delivered: [{ side: 'kafka', receivedAt: 1_000 }],
  marginMs: 500,
  now: 1_600,
};

describe('adoption', () => {
  it('waits for as long as the owner is not proved past the message', () => {
    expect(decideAdoption(half)).toEqual({ waits: 'it is not known how far rocketmq is' });
    expect(decideAdoption({ ...half, ownerPast: 1_499 })).toMatchObject({ waits: 'rocketmq is not past it' });
    expect(decideAdoption({ ...half, ownerPast: 1_500 })).toEqual({ adopter: 'kafka', reason: 'rocketmq is past it' });
  });

  it('is looked at again when the owner, at its present lag, could be past it', () => {
    expect(decideAdoption({ ...half, now: 2_000, ownerPast: 1_200 })).toMatchObject({ lookAgainMs: 300 });
    expect(decideAdoption({ ...half, now: 1_100, ownerPast: 1_050 })).toMatchObject({ lookAgainMs: 450 });
  });

  it('by kafka needs no proof while the switch is off, and by rocketmq is never done then', () => {
    const off: Policy = { ...on, consumption: 'off' };
    expect(decideAdoption({ ...half, policy: off })).toEqual({ adopter: 'kafka', reason: 'switch off' });
    const other = {
      ...half,
      owner: 'kafka',
      delivered: [{ side: 'rocketmq', receivedAt: 1 }],
      policy: off,
      ownerPast: 9e9,
    } as const;
    expect(decideAdoption(other)).toEqual({ waits: 'switch off: rocketmq never adopts' });
    const failover = { ...other, policy: { ...off, failover: 'rocketmq' } } as const;
    expect(decideAdoption(failover)).toEqual({ waits: 'switch off: rocketmq never adopts' });
  });

  it('is done at once by the side that failover names', () => {
    expect(decideAdoption({ ...half, policy: { ...on, failover: 'kafka' } })).toMatchObject({ adopter: 'kafka' });
    expect(decideAdoption({ ...half, policy: { ...on, failover: 'rocketmq' } })).toHaveProperty('waits');
  });

  it('never happens without a policy, without a delivery of the adopter, or when the owner has delivered', () => {
    const anyInput = fc.record({
      owner: fc.constantFrom(...SIDES),
      ownerPast: fc.option(fc.nat(), { nil: undefined }),
      failover: fc.constantFrom('none', 'kafka', 'rocketmq') as fc.Arbitrary<Policy['failover']>,
      consumption: fc.constantFrom('on', 'off') as fc.Arbitrary<Policy['consumption']>,
      delivered: fc.subarray([...SIDES]),
      known: fc.boolean(),
    });
    fc.assert(
      fc.property(anyInput, ({ owner, ownerPast, failover, consumption, delivered, known }) => {
        const decision = decideAdoption({
          policy: known ? { ...on, failover, consumption } : undefined,
          owner,
          ownerPast,
          delivered: delivered.map((side) => ({ side, receivedAt: 1_000 })),
          marginMs: 500,
          now: 2_000,
        });
        if ('waits' in decision) return;
        expect(known).toBe(true);
        expect(delivered).toEqual([otherSide(owner)]);
        expect(decision.adopter).toBe(otherSide(owner));
      }),
    );
  });
});
