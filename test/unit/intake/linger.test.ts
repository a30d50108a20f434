import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type LingerEnd, LingerRoom } from '../../../src/intake/linger.js';
import type { OwnerProgress } from '../../../src/ledger/ledger.js';

const LINGER_MS = 1_000;
const forever = new AbortController().signal;

describe('a delivery lingers', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
  afterEach(() => void vi.useRealTimers());

  function open(places = 100) {
    const progress = new Map<string, OwnerProgress>();
    const looks: string[][] = [];
    const ledger = {
      ownerProgress: async (ids: readonly string[]) => {
        looks.push([...ids]);
        return ids.map((id) => progress.get(id) ?? ('unseen' as const));
      },
    };
    const room = new LingerRoom(ledger, 'rocketmq', places);
    const ends = new Map<string, LingerEnd>();
    const linger = (id: string) => void room.linger(id, LINGER_MS, async (how) => void ends.set(id, how));
    return { room, progress, looks, ends, linger };
  }

  it('until its owner has taken it', async () => {
    const { progress, ends, linger } = open();
    linger('a');
    progress.set('a', 'claimed');
    await vi.advanceTimersByTimeAsync(150);
    expect(ends.get('a')).toBe('taken');
  });

  it('for its time, where the owner takes nothing', async () => {
    const { ends, linger } = open();
    linger('a');
    await vi.advanceTimersByTimeAsync(LINGER_MS - 1);
    expect(ends.size).toBe(0);
    await vi.advanceTimersByTimeAsync(151);
    expect(ends.get('a')).toBe('expired');
  });

  it('for longer while its owner takes others that linger here: it lags, and has not lost the message', async () => {
    const { progress, ends, linger } = open();
    linger('a');
    for (let taken = 1; taken <= 5; taken += 1) {
      linger(`taken-${taken}`);
      progress.set(`taken-${taken}`, 'claimed');
      await vi.advanceTimersByTimeAsync(600);
    }
    expect(ends.has('a')).toBe(false);
    await vi.advanceTimersByTimeAsync(LINGER_MS + 300);
    expect(ends.get('a')).toBe('expired');
  });

  it('not for ever, however busy its owner is with others', async () => {
    const { progress, ends, linger } = open();
    linger('a');
    for (let taken = 1; taken <= 25; taken += 1) {
      linger(`taken-${taken}`);
      progress.set(`taken-${taken}`, 'claimed');
      await vi.advanceTimersByTimeAsync(500);
    }
    expect(ends.get('a')).toBe('expired');
  });

  it('and the ledger is asked less and less often about it', async () => {
    const { progress, looks, linger } = open();
    linger('a');
    progress.set('a', 'seen');
    await vi.advanceTimersByTimeAsync(LINGER_MS * 9);
    const asked = looks.flat().length;
    expect(asked).toBeGreaterThan(5);
    expect(asked).toBeLessThan(20);
  });

  it('only where there is room, which comes when another ends', async () => {
    const { room, progress, linger } = open(1);
    linger('a');
    let entered = false;
    void room.whenRoom(forever).then(() => (entered = true));
    await vi.advanceTimersByTimeAsync(100);
    expect(entered).toBe(false);
    progress.set('a', 'claimed');
    await vi.advanceTimersByTimeAsync(100);
    expect(entered).toBe(true);
  });

  it('and nobody waits for room whose signal is aborted', async () => {
    const { room, linger } = open(1);
    linger('a');
    const impatient = new AbortController();
    const waiting = room.whenRoom(impatient.signal);
    impatient.abort(new Error('intake is stopping'));
    await expect(waiting).rejects.toThrow('intake is stopping');
  });
});
