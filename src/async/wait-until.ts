import { setTimeout as pause } from 'node:timers/promises';
import { HandoverError, toError } from '../domain/errors.js';

export interface WaitOptions {
  readonly timeoutMs: number;
  /** Between two attempts. Default 200. */
  readonly intervalMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Asks again and again until `attempt` succeeds: for conditions of another program, which nobody tells us of.
 * @throws HandoverError `interrupted` when the signal is aborted
 * @throws the last attempt's error when the time is up
 */
export async function waitUntil<T>(attempt: () => Promise<T>, options: WaitOptions): Promise<T> {
  const { timeoutMs, intervalMs = 200, signal } = options;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    throwIfInterrupted(signal);
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() >= deadline) throw toError(error);
    }
    await pause(intervalMs);
  }
}

export function throwIfInterrupted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new HandoverError('interrupted', 'Interrupted.', { cause: signal.reason });
}
