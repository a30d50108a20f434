/** The deliveries that intake works on at once. A place is taken at the arrival and free again at the acceptance. */
export class Places {
  readonly #limit: number;
  readonly #waiters = new Set<() => void>();
  #taken = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get taken(): number {
    return this.#taken;
  }

  /** Resolves with how many places are free, once there is one. Rejects with the signal's reason. */
  async whenFree(signal: AbortSignal): Promise<number> {
    while (this.#taken >= this.#limit) {
      await new Promise<void>((resolve, reject) => {
        signal.throwIfAborted();
        const stop = (): void => reject(signal.reason);
        signal.addEventListener('abort', stop, { once: true });
        this.#waiters.add(() => {
          signal.removeEventListener('abort', stop);
          resolve();
        });
      });
    }
    signal.throwIfAborted();
    return this.#limit - this.#taken;
  }

  /** Works with a place taken until the work ends, or until it leaves the place before. */
  async occupy<T>(work: (place: { leave(): void }) => Promise<T>): Promise<T> {
    this.#taken += 1;
    let present = true;
    const leave = (): void => {
      if (!present) return;
      present = false;
      this.#taken -= 1;
      for (const wake of this.#waiters) wake();
      this.#waiters.clear();
    };
    try {
      return await work({ leave });
    } finally {
      leave();
    }
  }
}
