import { describe, expect, it } from 'vitest';
import { Closers } from '../../../src/async/closers.js';
import type { Log } from '../../../src/domain/log.js';

const warned: unknown[] = [];
const log: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: (fields: object) => void warned.push(fields),
  error: () => undefined,
};
const never = () => new Promise<void>(() => undefined);
const AMPLE = { workMs: 60_000, closedMs: 60_000 };

describe('what a process has opened', () => {
  it('is closed in the reverse order, although one of them fails', async () => {
    const closed: string[] = [];
    const closers = new Closers(log);
    closers.add('first', async () => closed.push('first'));
    closers.add('second', () => Promise.reject(new Error('no')));
    closers.add('third', async () => closed.push('third'));
    expect(await closers.close(AMPLE)).toEqual([]);
    expect(closed).toEqual(['third', 'first']);
    expect(warned).toContainEqual({ closing: 'second', error: 'no' });
  });

  it('is closed although one of them hangs, which is named', async () => {
    const closed: string[] = [];
    const closers = new Closers(log);
    closers.add('connection', async () => closed.push('connection'));
    closers.add('hanging', never);
    closers.add('work that hangs', never, { works: true });
    expect(await closers.close({ workMs: 20, closedMs: 200 })).toEqual(['work that hangs', 'hanging']);
    expect(closed).toEqual(['connection']);
  });

  it('is told before anything is closed that the stop has begun', async () => {
    const told: string[] = [];
    const closers = new Closers(log);
    closers.add('workers', async () => told.push('workers closed'), { begin: () => told.push('workers told') });
    closers.add('consumer', async () => told.push('consumer closed'));
    await closers.close(AMPLE);
    expect(told).toEqual(['workers told', 'consumer closed', 'workers closed']);
  });

  it('is left as it is when a second signal hurries', async () => {
    const closers = new Closers(log);
    closers.add('connection', never);
    closers.add('work', never, { works: true });
    const closing = closers.close(AMPLE);
    closers.hurry();
    expect(await closing).toEqual(['work', 'connection']);
  });

  it('is closed once, however often it is asked for', async () => {
    let times = 0;
    const closers = new Closers(log);
    closers.add('connection', async () => {
      times += 1;
    });
    await Promise.all([closers.close(AMPLE), closers.close(AMPLE)]);
    expect(times).toBe(1);
  });
});
