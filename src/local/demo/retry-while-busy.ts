import { setTimeout as pause } from 'node:timers/promises';
import { isRetryable } from '../../domain/errors.js';

const ATTEMPTS = 10;
const PAUSE_MS = 1_000;

/**
 * Repeats what a busy service gave no answer to in time: everything shares one machine, and it may be a small one.
 * @throws what the work threw at last, or at once where repeating it as it stands is useless; the signal's reason
 */
export async function retryWhileBusy<T>(work: () => Promise<T>, signal: AbortSignal, pauseMs = PAUSE_MS): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      if (attempt === ATTEMPTS || !isRetryable(error)) throw error;
    }
    // Aborted, it rejects with an error of its own; the reason is thrown above.
    await pause(pauseMs, undefined, { signal }).catch(() => undefined);
  }
}
