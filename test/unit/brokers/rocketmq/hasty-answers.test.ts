import { describe, expect, it } from 'vitest';
import { HastyAnswers } from '../../../../src/brokers/rocketmq/hasty-answers.js';

function clocked(): { answers: HastyAnswers; wait: (ms: number) => void } {
  let now = 0;
  return {
    answers: new HastyAnswers(30_000, () => now),
    wait: (ms) => {
      now += ms;
    },
  };
}

describe('a broker that answers "no new message" at once', () => {
  it('is asked at longer and longer intervals, up to that of a long poll', () => {
    const { answers } = clocked();
    const pauses = Array.from({ length: 300 }, () => answers.came('a'));
    expect(pauses.slice(0, 4)).toEqual([100, 200, 400, 800]);
    expect(pauses.at(-1)).toBe(5_000);
  });

  it('is at fault once it goes on for 30 s, and no more after any other answer', () => {
    const { answers, wait } = clocked();
    answers.came('a');
    wait(29_999);
    answers.came('a');
    expect(answers.fault).toBeUndefined();
    wait(1);
    expect(answers.fault).toEqual({ broker: 'a', seconds: 30 });
    answers.ended('a');
    expect(answers.fault).toBeUndefined();
    expect(answers.came('a')).toBe(100);
  });

  it('is told from one that does so now and then', () => {
    const { answers, wait } = clocked();
    for (let round = 0; round < 100; round += 1) {
      answers.came('a');
      wait(5_000);
      answers.ended('a');
    }
    expect(answers.fault).toBeUndefined();
  });

  it('is found among others that are well', () => {
    const { answers, wait } = clocked();
    answers.came('a');
    answers.came('b');
    wait(40_000);
    answers.ended('a');
    expect(answers.fault?.broker).toBe('b');
  });
});
