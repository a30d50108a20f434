import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AdoptionInput, decideAdoption, isOwnerPast } from '../../../../src/domain/flow/adoption.js';
import { initialPolicy, type Policy } from '../../../../src/domain/policy/policy.js';
import { BEFORE_START } from '../../../../src/domain/policy/start.js';
import { otherSide, SIDES } from '../../../../src/domain/side.js';

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

  it('asks for a past that covers the time by which the copy here was stored, however late it was received', () => {
    const delivered = [{ side: 'kafka', receivedAt: 600_000, storedBy: 1_000 }] as const;
    const late = { ...half, delivered, now: 600_010 };
    expect(decideAdoption({ ...late, ownerPast: 1_499 })).toMatchObject({ waits: 'rocketmq is not past it' });
    expect(decideAdoption({ ...late, ownerPast: 1_500 })).toMatchObject({ adopter: 'kafka' });
  });

  it('goes by the time of receipt where nobody told when it was stored, or told something later', () => {
    const told = (storedBy?: number): AdoptionInput => ({
      ...half,
      delivered: [{ side: 'kafka', receivedAt: 1_000, ...(storedBy !== undefined && { storedBy }) }],
    });
    for (const input of [told(), told(1_000), told(9_000)]) {
      expect(decideAdoption({ ...input, ownerPast: 1_499 })).toHaveProperty('waits');
      expect(decideAdoption({ ...input, ownerPast: 1_500 })).toMatchObject({ adopter: 'kafka' });
    }
  });

  it('is never due by proof while the half of its owner may still come', () => {
    const anyTimes = fc.record({
      storedAt: fc.nat(10_000),
      storedLate: fc.nat(3_000),
      receivedLate: fc.nat(100_000),
      ownersHalfLate: fc.integer({ min: -500, max: 500 }),
      ownerPast: fc.nat(200_000),
      lags: fc.nat(10_000),
    });
    fc.assert(
      fc.property(anyTimes, ({ storedAt, storedLate, receivedLate, ownersHalfLate, ownerPast, lags }) => {
        const storedBy = storedAt + storedLate;
        const delivered = [{ side: 'kafka', receivedAt: storedBy + receivedLate, storedBy }] as const;
        const decision = decideAdoption({ ...half, delivered, ownerPast, now: ownerPast + lags });
        // The margin is how much later than its twin the owner's half may be stored.
        const ownersHalfIsPast = storedAt + ownersHalfLate <= ownerPast;
        if ('adopter' in decision) expect(ownersHalfIsPast).toBe(true);
        expect('adopter' in decision).toBe(isOwnerPast(ownerPast, delivered[0], half.marginMs));
      }),
    );
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

  describe('of what was published before the start', () => {
    const at = '2026-11-23T05:00:00.000Z';
    const receivedAt = Date.parse(at) + 60_000;
    const started: Policy = { ...on, start: { at, marginMs: 500, positions: {} } };
    const waitingForKafka = (storedAt: number): AdoptionInput => ({
      policy: started,
      owner: 'kafka',
      ownerPast: receivedAt,
      delivered: [{ side: 'rocketmq', receivedAt, storedAt }],
      marginMs: 500,
      now: receivedAt + 100,
    });
    const old = waitingForKafka(Date.parse(at) + 499);

    it('is never done by rocketmq: its wait ends once kafka is past it', () => {
      expect(decideAdoption(old)).toMatchObject({ waits: expect.stringContaining(BEFORE_START), lookAgainMs: 500 });
      expect(decideAdoption({ ...old, ownerPast: undefined })).toHaveProperty('waits');
      expect(decideAdoption({ ...old, ownerPast: receivedAt + 500 })).toEqual({ ends: BEFORE_START });
      const since = waitingForKafka(Date.parse(at) + 500);
      expect(decideAdoption({ ...since, ownerPast: receivedAt + 500 })).toMatchObject({ adopter: 'rocketmq' });
    });

    it('is not ended where the record says that kafka has it', () => {
      const record = { ...old, reason: BEFORE_START, ownerPast: receivedAt + 500 };
      expect(decideAdoption(record)).toEqual({ waits: `${BEFORE_START}: rocketmq never adopts` });
    });

    it('is never done by rocketmq whatever the policy says, and kafka adopts as ever', () => {
      const anyPolicy = fc.record({
        failover: fc.constantFrom('none', 'kafka', 'rocketmq') as fc.Arbitrary<Policy['failover']>,
        consumption: fc.constantFrom('on', 'off') as fc.Arbitrary<Policy['consumption']>,
        hundredths: fc.nat({ max: 10_000 }),
      });
      fc.assert(
        fc.property(anyPolicy, fc.option(fc.nat(), { nil: undefined }), (given, ownerPast) => {
          const policy = { ...started, ...given };
          expect(decideAdoption({ ...old, policy, ownerPast })).not.toHaveProperty('adopter');
          expect(decideAdoption({ ...old, policy, ownerPast: receivedAt + 500 })).toEqual({ ends: BEFORE_START });
        }),
      );
      const delivered = [{ side: 'kafka', receivedAt, storedAt: 1 }] as const;
      const lost = { ...old, owner: 'rocketmq', delivered, ownerPast: receivedAt + 500 } as const;
      expect(decideAdoption(lost)).toMatchObject({ adopter: 'kafka' });
    });
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
        if (!('adopter' in decision)) return;
        expect(known).toBe(true);
        expect(delivered).toEqual([otherSide(owner)]);
        expect(decision.adopter).toBe(otherSide(owner));
      }),
    );
  });
});
