import type { Delivery, DeliverySink } from '../../brokers/source.js';

/** Passes deliveries on, and knows which of them have been neither accepted nor turned away yet. */
export class PendingDeliveries implements DeliverySink {
  readonly #sink: DeliverySink;
  readonly #pending = new Map<object, string>();

  constructor(sink: DeliverySink) {
    this.#sink = sink;
  }

  /** Their coordinates. */
  get coordinates(): readonly string[] {
    return [...this.#pending.values()];
  }

  capacity(signal: AbortSignal): Promise<number> {
    return this.#sink.capacity(signal);
  }

  take(deliveries: readonly Delivery[]): readonly Promise<void>[] {
    return this.#sink.take(deliveries).map((outcome, index) => {
      const delivery = {};
      this.#pending.set(delivery, deliveries[index]?.coordinates ?? '');
      const leave = (): void => void this.#pending.delete(delivery);
      outcome.then(leave, leave);
      return outcome;
    });
  }
}
