import { describe, expect, it } from 'vitest';
import { allOrNone } from '../../../../src/local/stack/all-or-none.js';

/** Ends when its signal does, a little later, as a task that has to clean up. */
async function untilAborted(signal: AbortSignal, ended: () => void): Promise<never> {
  await new Promise((resolve) => signal.addEventListener('abort', resolve));
  await new Promise((resolve) => setImmediate(resolve));
  ended();
  throw signal.reason;
}

describe('tasks side by side', () => {
  it('answer by their names', async () => {
    expect(await allOrNone({ one: async () => 1, two: async () => 'two' })).toEqual({ one: 1, two: 'two' });
  });

  it('are stopped when one fails, and waited for; what failed first is thrown', async () => {
    let ended = false;
    const fails = async (): Promise<never> => {
      throw new Error('first');
    };
    const other = (signal: AbortSignal) =>
      untilAborted(signal, () => {
        ended = true;
      });
    await expect(allOrNone({ other, fails })).rejects.toThrow('first');
    expect(ended).toBe(true);
  });

  it('are stopped by the caller, too', async () => {
    const interruption = new AbortController();
    const tasks = allOrNone({ task: (signal) => untilAborted(signal, () => undefined) }, interruption.signal);
    interruption.abort(new Error('enough'));
    await expect(tasks).rejects.toThrow('enough');
  });
});
