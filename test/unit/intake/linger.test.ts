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
    const inside = new Set<string>();
    const linger = (messageId: string, signal = forever) =>
      room.linger({
        ...{ messageId, lingerMs: LINGER_MS, signal },
        entered: () => void inside.add(messageId),
        next: async (how) => {
          ends.set(messageId, how);
          inside.delete(messageId);
        },
      });
    return { progress, looks, ends, inside, linger };
  }

  it('until its owner has taken it', async () => {
    const { progress, ends, linger } = open();
    void linger('a');
    progress.set('a', 'claimed');
    await vi.advanceTimersByTimeAsync(150);
    expect(ends.get('a')).toBe('taken');
  });

  it('for its time, where the owner takes nothing', async () => {
    const { ends, linger } = open();
    void linger('a');
    await vi.advanceTimersByTimeAsync(LINGER_MS - 1);
    expect(ends.size).toBe(0);
    await vi.advanceTimersByTimeAsync(151);
    expect(ends.get('a')).toBe('expired');
  });

  it('for longer while its owner takes others that linger here: it lags, and has not lost the message', async () => {
    const { progress, ends, linger } = open();
    void linger('a');
    for (let taken = 1; taken <= 5; taken += 1) {
      void linger(`taken-${taken}`);
      progress.set(`taken-${taken}`, 'claimed');
      await vi.advanceTimersByTimeAsync(600);
    }
    expect(ends.has('a')).toBe(false);
    await vi.advanceTimersByTimeAsync(LINGER_MS + 300);
    expect(ends.get('a')).toBe('expired');
  });

  it('not for ever, however busy its owner is with others', async () => {
    const { progress, ends, linger } = open();
    void linger('a');
    for (let taken = 1; taken <= 25; taken += 1) {
      void linger(`taken-${taken}`);
      progress.set(`taken-${taken}`, 'claimed');
      await vi.advanceTimersByTimeAsync(500);
    }
    expect(ends.get('a')).toBe('expired');
  });

  it('and the ledger is asked less and less often about it', async () => {
    const { progress, looks, linger } = open();
    void linger('a');
    progress.set('a', 'seen');
    await vi.advanceTimersByTimeAsync(LINGER_MS * 9);
    const asked = looks.flat().length;
    expect(asked).toBeGreaterThan(5);
    expect(asked).toBeLessThan(20);
  });

  it('only where there is room: of many that wait, one comes in for each that ends', async () => {
    const { progress, ends, inside, linger } = open(1);
    for (const id of ['a', 'b', 'c', 'd']) void linger(id);
    await vi.advanceTimersByTimeAsync(100);
    expect([...inside]).toEqual(['a']);
    progress.set('a', 'claimed');
    await vi.advanceTimersByTimeAsync(100);
    expect(ends.get('a')).toBe('taken');
    expect([...inside]).toEqual(['b']);
  });

  it('and nobody waits for room whose signal is aborted', async () => {
    const { inside, linger } = open(1);
    void linger('a');
    const impatient = new AbortController();
    const waiting = linger('b', impatient.signal);
    impatient.abort(new Error('intake is stopping'));
    await expect(waiting).rejects.toThrow('intake is stopping');
    expect([...inside]).toEqual(['a']);
  });
});
