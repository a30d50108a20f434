/**
 * Who is told when a source withdraws its deliveries. Many deliveries share one signal, which may live as long as the
 * process: it has one listener from here while any of them is at hand, and none afterwards.
 */
export class Withdrawals {
  readonly #told = new Map<AbortSignal, Set<() => void>>();

  /** As `work` ends, or rejects with what `tell` answers as soon as the signal is aborted, if that comes first. */
  unless<T>(signal: AbortSignal, tell: () => Error, work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const tellNoMore = this.watch(signal, () => reject(tell()));
      work.then(resolve, reject).finally(tellNoMore);
    });
  }

  /** Calls `tell` once when the signal is aborted, or at once if it is. Answers how to be told no more. */
  watch(signal: AbortSignal, tell: () => void): () => void {
    if (signal.aborted) {
      tell();
      return () => undefined;
    }
    const told = this.#told.get(signal) ?? this.#listen(signal);
    told.add(tell);
    return () => {
      told.delete(tell);
      if (told.size > 0 || this.#told.get(signal) !== told) return;
      this.#told.delete(signal);
      signal.removeEventListener('abort', this.#onAbort);
    };
  }

  readonly #onAbort = ({ target }: Event): void => {
    const signal = target as AbortSignal;
    const told = this.#told.get(signal) ?? new Set();
    this.#told.delete(signal);
    for (const tell of [...told]) tell();
  };

  #listen(signal: AbortSignal): Set<() => void> {
    const told = new Set<() => void>();
    this.#told.set(signal, told);
    signal.addEventListener('abort', this.#onAbort, { once: true });
    return told;
  }
}
