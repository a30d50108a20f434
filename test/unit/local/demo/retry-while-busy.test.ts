import { describe, expect, it, vi } from 'vitest';
import { HandoverError } from '../../../../src/domain/errors.js';
import { retryWhileBusy } from '../../../../src/local/demo/retry-while-busy.js';

const busy = () => new HandoverError('broker-unavailable', 'busy');
const never = new AbortController().signal;

describe('insisting', () => {
  it('repeats what a busy service did not answer', async () => {
    const work = vi.fn().mockRejectedValueOnce(busy()).mockRejectedValueOnce(busy()).mockResolvedValue('done');
    await expect(retryWhileBusy(work, never, 0)).resolves.toBe('done');
  });

  it('gives up in the end, with what was wrong', async () => {
    await expect(retryWhileBusy(() => Promise.reject(busy()), never, 0)).rejects.toMatchObject({
      code: 'broker-unavailable',
    });
  });

  it('does not repeat what can never succeed', async () => {
    const work = vi.fn().mockRejectedValue(new HandoverError('broker-refused', 'no such topic'));
    await expect(retryWhileBusy(work, never)).rejects.toMatchObject({ code: 'broker-refused' });
    expect(work).toHaveBeenCalledTimes(1);
  });

  it('ends with the reason of an interruption', async () => {
    const interruption = new AbortController();
    const work = vi.fn().mockImplementation(async () => {
      interruption.abort(new Error('SIGINT'));
      throw busy();
    });
    await expect(retryWhileBusy(work, interruption.signal)).rejects.toThrow('SIGINT');
    expect(work).toHaveBeenCalledTimes(1);
  });
});
