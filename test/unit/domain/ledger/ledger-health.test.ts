import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  isNews,
  judgeLedger,
  judgeMark,
  type LedgerHealth,
  type Mark,
  type MarkVerdict,
  missingSince,
  rememberedFrom,
  type Trust,
} from '../../../../src/domain/ledger/ledger-health.js';

const NOON = Date.UTC(2026, 10, 23, 12);
const HOUR = 60 * 60 * 1_000;
const trust: Trust = { epoch: 'e1', pulse: NOON };
const whole: Mark = { epoch: 'e1', phase: 'intact', sameServer: true, pulse: NOON, latest: NOON + 500 };

describe('a mark', () => {
  test('that is as this process left it, or with a pulse whose answer was lost, shows a whole ledger', () => {
    expect(judgeMark(trust, whole)).toEqual({ verdict: 'intact' });
    expect(judgeMark(trust, { ...whole, pulse: NOON + 1_000 })).toEqual({ verdict: 'intact' });
    expect(judgeMark({ epoch: 'e1' }, { epoch: 'e1', phase: 'intact', sameServer: true })).toEqual({
      verdict: 'intact',
    });
  });

  test('that is gone means that all is lost, whatever else is known', () => {
    fc.assert(
      fc.property(fc.boolean(), fc.option(fc.nat(), { nil: undefined }), (sameServer, pulse) => {
        const verdict = judgeMark(pulse === undefined ? {} : { epoch: 'e1', pulse }, { sameServer });
        expect(verdict).toMatchObject({ verdict: 'lost' });
        expect(verdict).not.toHaveProperty('since');
      }),
    );
  });

  test('with a lower pulse than was acknowledged has gone back to that pulse', () => {
    const back = judgeMark(trust, { ...whole, pulse: NOON - 7_000 });
    expect(back).toMatchObject({ verdict: 'lost', since: NOON - 7_000 });
  });

  test('without the pulse that was acknowledged has gone back to its latest one', () => {
    const { pulse: _, ...without } = whole;
    const back = judgeMark(trust, { ...without, latest: NOON - 9_000 });
    expect(back).toMatchObject({ verdict: 'lost', since: NOON - 9_000 });
  });

  test('on another server vouches for what was written before the last pulse, and for nothing later', () => {
    expect(judgeMark(trust, { ...whole, sameServer: false })).toMatchObject({ verdict: 'lost', since: NOON });
    const started = judgeMark({ epoch: 'e1' }, { ...whole, sameServer: false });
    expect(started).toMatchObject({ verdict: 'lost', since: NOON + 500 });
  });

  test('of a recovery that is under way, or with an epoch that is not known, is not trusted', () => {
    expect(judgeMark(trust, { ...whole, phase: 'recovering' })).toEqual({ verdict: 'recovering' });
    const unproved = { verdict: 'unproved', epoch: 'e2', since: NOON + 500 };
    expect(judgeMark(trust, { ...whole, epoch: 'e2' })).toEqual(unproved);
    expect(judgeMark({}, { ...whole, epoch: 'e2' })).toEqual(unproved);
  });

  test('is intact only if it has the trusted epoch, no lower pulse, and the same server', () => {
    const epoch = fc.constantFrom('e1', 'e2', undefined);
    const moment = fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined });
    const given = <T>(name: string, value: T | undefined) => (value === undefined ? {} : { [name]: value });
    fc.assert(
      fc.property(
        epoch,
        moment,
        epoch,
        moment,
        fc.boolean(),
        fc.boolean(),
        (knows, acked, shows, found, same, done) => {
          const verdict = judgeMark(
            { ...given('epoch', knows), ...given('pulse', acked) },
            {
              sameServer: same,
              phase: done ? 'intact' : 'recovering',
              ...given('epoch', shows),
              ...given('pulse', found),
            },
          );
          const kept = acked === undefined || (found !== undefined && found >= acked);
          const intact = shows !== undefined && shows === knows && done && same && kept;
          expect(verdict.verdict === 'intact').toBe(intact);
        },
      ),
    );
  });
});

describe('the ledger, by all its marks', () => {
  const intact: MarkVerdict = { verdict: 'intact' };
  const lost = (since?: number): MarkVerdict => ({
    verdict: 'lost',
    why: 'a test',
    ...(since !== undefined && { since }),
  });

  test('is whole only if all of them are', () => {
    expect(judgeLedger([intact, intact])).toEqual(intact);
    expect(judgeLedger([intact, { verdict: 'recovering' }])).toEqual({ verdict: 'recovering' });
    expect(judgeLedger([intact, { verdict: 'unproved', epoch: 'e2' }])).toMatchObject({ verdict: 'unproved' });
  });

  test('has lost what the worst of them has lost', () => {
    expect(judgeLedger([intact, lost(5), { verdict: 'recovering' }, lost(3)])).toMatchObject({ since: 3 });
    expect(judgeLedger([lost(5), lost()])).not.toHaveProperty('since');
  });
});

describe('a report of a loss', () => {
  const ledger: LedgerHealth = { epoch: 'e2', phase: 'intact', remembersSince: 0 };

  test('is news if the present epoch was lost, or there never was one', () => {
    expect(isNews(ledger, { epoch: 'e2', why: '' })).toBe(true);
    expect(isNews(undefined, { why: '' })).toBe(true);
  });

  test('is none if that epoch has been replaced, or is just being rebuilt', () => {
    expect(isNews(ledger, { epoch: 'e1', why: '' })).toBe(false);
    expect(isNews(ledger, { why: '' })).toBe(false);
    expect(isNews({ ...ledger, phase: 'recovering' }, { epoch: 'e2', why: '' })).toBe(false);
  });
});

describe('a ledger of which only what has closed is still missing', () => {
  const partial: Mark = { ...whole, phase: 'partial' };

  test('is partial where it is as this process left it, and lost by the same signs as a whole one', () => {
    expect(judgeMark(trust, partial)).toEqual({ verdict: 'partial' });
    expect(judgeMark({}, partial)).toMatchObject({ verdict: 'unproved' });
    expect(judgeMark(trust, { ...partial, sameServer: false })).toMatchObject({ verdict: 'lost' });
    expect(judgeMark(trust, { ...partial, pulse: NOON - 1 })).toMatchObject({ verdict: 'lost' });
    expect(judgeLedger([{ verdict: 'intact' }, { verdict: 'partial' }])).toEqual({ verdict: 'partial' });
    expect(judgeLedger([{ verdict: 'recovering' }, { verdict: 'partial' }])).toEqual({ verdict: 'recovering' });
  });

  test('may be lost again, which is news, and is then missing what was missing before as well', () => {
    const ledger: LedgerHealth = { epoch: 'e2', phase: 'partial', remembersSince: 0, unfinished: { since: 5 } };
    expect(isNews(ledger, { epoch: 'e2', why: '' })).toBe(true);
    expect(isNews(ledger, { epoch: 'e1', why: '' })).toBe(false);
    expect(missingSince(9, ledger.unfinished)).toBe(5);
    expect(missingSince(3, ledger.unfinished)).toBe(3);
    expect(missingSince(null, ledger.unfinished)).toBeNull();
    expect(missingSince(9, { since: null })).toBeNull();
    expect(missingSince(9, undefined)).toBe(9);
  });
});

describe('how far back the ledger remembers after a loss', () => {
  test('as far as Temporal does, less a margin, if all was lost', () => {
    expect(rememberedFrom(null, NOON, 24 * HOUR)).toBe(NOON - 23 * HOUR);
    expect(rememberedFrom(null, NOON, HOUR)).toBe(NOON - 0.75 * HOUR);
  });

  test('as before, if Temporal still has whatever was lost', () => {
    expect(rememberedFrom(NOON - HOUR, NOON, 24 * HOUR)).toBe(0);
  });

  test('as far as Temporal does, if it went back to before that', () => {
    expect(rememberedFrom(NOON - 48 * HOUR, NOON, 24 * HOUR)).toBe(NOON - 23 * HOUR);
  });
});
