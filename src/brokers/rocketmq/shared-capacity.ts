import pLimit from 'p-limit';
import type { DeliverySink } from '../source.js';

/** Divides the room that a sink has among polls that run at the same time, so that together they never fetch more. */
export class SharedCapacity {
  readonly #sink: DeliverySink;
  readonly #turn = pLimit(1);
  #reserved = 0;
  #wake: () => void = () => undefined;

  constructor(sink: DeliverySink) {
    this.#sink = sink;
  }

  /**
   * Resolves with how much the caller may fetch, 1..`most`, when there is room: its share among `sharers`.
   * Rejects with the signal's reason when it is aborted.
   */
  reserve(sharers: number, most: number, signal: AbortSignal): Promise<number> {
    return this.#turn(async () => {
      for (;;) {
        const room = await this.#sink.capacity(signal);
        const share = Math.min(most, Math.max(1, Math.floor(room / sharers)), room - this.#reserved);
        if (share > 0) {
          this.#reserved += share;
          return share;
        }
        await this.#released(signal);
      }
    });
  }

  /** To be called once what was fetched has been handed to the sink, which counts it from then on. */
  release(share: number): void {
    this.#reserved -= share;
    this.#wake();
  }

  async #released(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const abort = () => reject(signal.reason);
      signal.addEventListener('abort', abort, { once: true });
      this.#wake = () => {
        signal.removeEventListener('abort', abort);
        resolve();
      };
    });
  }
}
