/** Waits among `waiters` until it is called from there. Rejects with the signal's reason, and waits no more. */
export function untilWoken(waiters: Set<() => void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const stop = (): void => {
      waiters.delete(wake);
      reject(signal.reason);
    };
    const wake = (): void => {
      waiters.delete(wake);
      signal.removeEventListener('abort', stop);
      resolve();
    };
    signal.addEventListener('abort', stop, { once: true });
    waiters.add(wake);
  });
}

export function wakeAll(waiters: ReadonlySet<() => void>): void {
  for (const wake of [...waiters]) wake();
}
