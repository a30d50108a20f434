import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { InHand } from '../../../src/intake/in-hand.js';

describe('a message is in hand', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function take(inHand: InHand, messageId: string): { left: boolean } {
    const stay = { left: false };
    void inHand.take(messageId).then(() => (stay.left = true));
    return stay;
  }

  it('until its attempt has ended', async () => {
    const inHand = new InHand();
    const [a, b] = [take(inHand, 'a'), take(inHand, 'b')];
    inHand.began('a');
    inHand.leave('a');
    await vi.advanceTimersByTimeAsync(0);
    expect([a.left, b.left]).toEqual([true, false]);
  });

  it('for a moment only while the provider takes its time, as waiting for it costs this process nothing', async () => {
    const inHand = new InHand();
    const a = take(inHand, 'a');
    await vi.advanceTimersByTimeAsync(500);
    inHand.began('a');
    await vi.advanceTimersByTimeAsync(99);
    expect(a.left).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(a.left).toBe(true);
  });

  it('not for ever where nothing is heard of it: another process may have it', async () => {
    const inHand = new InHand();
    const a = take(inHand, 'a');
    await vi.advanceTimersByTimeAsync(2_000);
    expect(a.left).toBe(true);
  });

  it('for longer where everything is slow: a bound that time lifts would be none when it is needed', async () => {
    const inHand = new InHand();
    for (let round = 0; round < 50; round += 1) {
      take(inHand, 'slow');
      await vi.advanceTimersByTimeAsync(3_000);
      inHand.began('slow');
      inHand.leave('slow');
    }
    const silent = take(inHand, 'silent');
    await vi.advanceTimersByTimeAsync(11_000);
    expect(silent.left).toBe(false);
    await vi.advanceTimersByTimeAsync(1_100);
    expect(silent.left).toBe(true);
  });

  it('never for longer than half a minute, ten times as many as there are places', async () => {
    const inHand = new InHand();
    for (let round = 0; round < 50; round += 1) {
      take(inHand, 'slow');
      await vi.advanceTimersByTimeAsync(29_000);
      inHand.began('slow');
    }
    const silent = Array.from({ length: 320 }, (_, n) => take(inHand, `silent-${n}`));
    await vi.advanceTimersByTimeAsync(30_000);
    expect(silent.every(({ left }) => left)).toBe(true);
  });

  it('by its last delivery: the time of an earlier one does not end a later stay', async () => {
    const inHand = new InHand();
    const first = take(inHand, 'a');
    await vi.advanceTimersByTimeAsync(1_500);
    const second = take(inHand, 'a');
    await vi.advanceTimersByTimeAsync(600);
    expect([first.left, second.left]).toEqual([true, false]);
  });

  it('only if it was started here: word of any other is of no account', () => {
    const inHand = new InHand();
    inHand.began('other');
    inHand.leave('other');
  });
});
