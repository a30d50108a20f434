import type { Delivery, DeliverySink } from '../../src/brokers/source.js';

/** What becomes of a delivery; `times` counts the arrivals of its message ID, from 1. */
export type Course = (delivery: Delivery, times: number) => Promise<void>;

export const ACCEPT: Course = async () => undefined;
export const NEVER: Course = () => new Promise(() => {});

/** A promise that a test resolves when it wants. */
export function openPromise(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** A sink that remembers what it was given, and does with it what a test says. */
export class TestSink implements DeliverySink {
  readonly deliveries: Delivery[] = [];
  readonly accepted: Delivery[] = [];
  /** The most that was pending at one time. */
  peak = 0;
  /** How often it was asked for room. */
  asked = 0;
  course: Course;
  readonly #room: number;
  #pending = 0;
  #held = false;
  #changed: (() => void)[] = [];

  constructor(course: Course = ACCEPT, room = 32) {
    this.course = course;
    this.#room = room;
  }

  /** No room from now on, as when a dependency is down. */
  hold(): void {
    this.#held = true;
  }

  release(): void {
    this.#held = false;
    this.#notify();
  }

  async capacity(signal: AbortSignal): Promise<number> {
    this.asked += 1;
    for (;;) {
      signal.throwIfAborted();
      const free = this.#room - this.#pending;
      if (!this.#held && free > 0) return free;
      await new Promise<void>((resolve) => {
        this.#changed.push(resolve);
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
    }
  }

  take(deliveries: readonly Delivery[]): readonly Promise<void>[] {
    return deliveries.map((delivery) => {
      this.deliveries.push(delivery);
      this.#pending += 1;
      this.peak = Math.max(this.peak, this.#pending);
      const outcome = this.course(delivery, this.times(idOf(delivery)));
      return outcome
        .then(() => void this.accepted.push(delivery))
        .finally(() => {
          this.#pending -= 1;
          this.#notify();
        });
    });
  }

  times(id: string): number {
    return this.deliveries.filter((delivery) => idOf(delivery) === id).length;
  }

  /** The message IDs that arrived, each once, sorted. */
  get ids(): string[] {
    return distinct(this.deliveries);
  }

  get acceptedIds(): string[] {
    return distinct(this.accepted);
  }

  #notify(): void {
    const changed = this.#changed;
    this.#changed = [];
    for (const resolve of changed) resolve();
  }
}

export function idOf(delivery: Delivery): string {
  return delivery.properties.get('message-id') ?? '';
}

function distinct(deliveries: readonly Delivery[]): string[] {
  return [...new Set(deliveries.map(idOf))].sort();
}

/** `count` IDs that sort in their order. */
export function makeIds(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${String(index).padStart(4, '0')}`);
}
