import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type ConsumerSession, Supervisor } from '../../../src/brokers/supervisor.js';

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** A life that a test ends. */
class FakeLife implements ConsumerSession {
  readonly ended: Promise<Error>;
  closed = 0;
  end: (cause: Error) => void = () => {};

  constructor() {
    this.ended = new Promise((resolve) => {
      this.end = resolve;
    });
  }

  async close(): Promise<void> {
    this.closed += 1;
  }
}

function supervise(born: (attempt: number) => Promise<FakeLife>) {
  const lives: FakeLife[] = [];
  const bornAt: number[] = [];
  const readies: (() => void)[] = [];
  const live = async (attempt: number, ready: () => void): Promise<FakeLife> => {
    bornAt.push(Date.now());
    readies.push(ready);
    const life = await born(attempt);
    lives.push(life);
    return life;
  };
  return { lives, bornAt, readies, supervisor: new Supervisor({ what: 'the consumer', live, log: quiet }) };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a supervisor', () => {
  it('is ready once the life says so, and not at its beginning', async () => {
    const { supervisor, readies } = supervise(async () => new FakeLife());
    expect(supervisor.status).toEqual({ ready: false, reason: 'not started', restarts: 0 });
    await supervisor.start();
    expect(supervisor.status).toEqual({ ready: false, reason: 'the consumer is connecting', restarts: 0 });
    readies[0]?.();
    expect(supervisor.status).toEqual({ ready: true, restarts: 0 });
  });

  it('closes a life that has ended, says why, and begins another', async () => {
    const { supervisor, lives, readies } = supervise(async () => new FakeLife());
    await supervisor.start();
    lives[0]?.end(new Error('the broker hung up'));
    await vi.advanceTimersByTimeAsync(0);
    expect(lives[0]?.closed).toBe(1);
    expect(supervisor.status).toEqual({
      ready: false,
      reason: 'the consumer failed: the broker hung up',
      restarts: 1,
    });
    await vi.advanceTimersByTimeAsync(1000);
    readies[1]?.();
    expect(lives).toHaveLength(2);
    expect(supervisor.status).toEqual({ ready: true, restarts: 1 });
  });

  it('starts although the first life cannot begin, and tries for ever with growing pauses', async () => {
    const { supervisor, bornAt } = supervise(async () => {
      throw new Error('refused');
    });
    await supervisor.start();
    expect(supervisor.status.reason).toBe('the consumer failed: refused');
    await vi.advanceTimersByTimeAsync(120_000);
    const pauses = bornAt.slice(1).map((at, index) => at - (bornAt[index] ?? 0));
    expect(pauses.slice(0, 7)).toEqual([500, 1000, 2000, 4000, 8000, 15_000, 15_000]);
  });

  it('does not make a fault wait for the one before a long life', async () => {
    const { supervisor, lives, bornAt } = supervise(async (attempt) => {
      if (attempt < 4) throw new Error('refused');
      return new FakeLife();
    });
    await supervisor.start();
    await vi.advanceTimersByTimeAsync(100_000);
    const endedAt = Date.now();
    lives[0]?.end(new Error('gone'));
    await vi.advanceTimersByTimeAsync(600);
    expect((bornAt.at(-1) ?? 0) - endedAt).toBe(500);
  });

  it('closes the life that goes on when it is stopped, and begins none after', async () => {
    const { supervisor, lives, bornAt } = supervise(async () => new FakeLife());
    await supervisor.start();
    await supervisor.stop();
    expect(lives[0]?.closed).toBe(1);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(bornAt).toHaveLength(1);
    expect(supervisor.status).toEqual({ ready: false, reason: 'the consumer is stopped', restarts: 0 });
  });

  it('says nothing of a life that cannot begin because it is stopped', async () => {
    let fail: (cause: Error) => void = () => {};
    const { supervisor } = supervise(
      () =>
        new Promise((_resolve, reject) => {
          fail = reject;
        }),
    );
    const started = supervisor.start();
    const stopped = supervisor.stop();
    fail(new Error('closed'));
    await Promise.all([started, stopped]);
    expect(supervisor.status).toEqual({ ready: false, reason: 'the consumer is stopped', restarts: 0 });
  });

  it('stops at once in the middle of a pause', async () => {
    const { supervisor, bornAt } = supervise(async () => {
      throw new Error('refused');
    });
    await supervisor.start();
    await supervisor.stop();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(bornAt).toHaveLength(1);
  });
});
