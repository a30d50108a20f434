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
