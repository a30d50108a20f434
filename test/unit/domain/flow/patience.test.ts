import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  beginStay,
  type Judgement,
  judgeStay,
  longestStay,
  type Progress,
  type Stay,
} from '../../../../src/domain/flow/patience.js';

const LINGER_MS = 1_000;
const never = Number.NEGATIVE_INFINITY;

/** Looks whenever a look is due, from time 0. Answers when and how it ended, and how often was looked. */
function stay(progressAt: (now: number) => Progress, tookOneAt: (now: number) => number = () => never) {
  let current: Stay = beginStay(0, LINGER_MS);
  for (let looks = 1; ; looks += 1) {
    const now = current.lookAt;
    const judgement: Judgement = judgeStay(current, progressAt(now), now, tookOneAt(now));
    if (typeof judgement === 'string') return { end: judgement, at: now, looks };
    current = judgement;
  }
}

describe('patience with the owner of a message', () => {
  it('ends as soon as that has claimed it', () => {
    expect(stay(() => 'claimed')).toMatchObject({ end: 'claimed', at: 150 });
  });

  it('lasts as long as it lingers, where the owner takes nothing', () => {
    expect(stay(() => 'unseen')).toMatchObject({ end: 'expired', at: LINGER_MS });
  });

  it('lasts longer while the owner takes others that linger here: it lags, and has not lost the message', () => {
    const busyUntil = 3_000;
    const { end, at } = stay(
      () => 'unseen',
      (now) => Math.min(now, busyUntil),
    );
    expect([end, at]).toEqual(['expired', busyUntil + LINGER_MS]);
  });

  it('lasts ten times as long for an owner that has the message in its hands, and not for ever', () => {
    expect(stay(() => 'seen')).toMatchObject({ end: 'expired', at: longestStay(LINGER_MS) });
    expect(
      stay(
        () => 'unseen',
        (now) => now,
      ),
    ).toMatchObject({ end: 'expired', at: longestStay(LINGER_MS) });
  });

  it('asks less and less often', () => {
    const { looks } = stay(() => 'seen');
    expect(looks).toBeGreaterThan(5);
    expect(looks).toBeLessThan(20);
  });

  it('always ends, by its longest time at the latest, whatever the ledger says or does not say', () => {
    const any = fc.constantFrom<Progress>('unseen', 'seen', 'unknown', undefined);
    fc.assert(
      fc.property(fc.infiniteStream(any), fc.infiniteStream(fc.nat(20_000)), (progress, took) => {
        const { end, at } = stay(
          () => progress.next().value,
          () => took.next().value,
        );
        expect(end).toBe('expired');
        expect(at).toBeLessThanOrEqual(longestStay(LINGER_MS));
        expect(at).toBeGreaterThanOrEqual(LINGER_MS);
      }),
    );
  });
});
