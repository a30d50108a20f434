import { untilWoken, wakeAll } from '../async/until-woken.js';
import { isRetryable, toError } from '../domain/errors.js';
import type { IntakeHold } from '../domain/flow/stall.js';
import type { Log } from '../domain/log.js';

/** First and longest pause between two tries of a dependency that is away, in ms. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;

/**
 * Intake's hold. While any call to a dependency is failing in a way that may pass, the gate is shut: nothing new is
 * fetched, what is in flight keeps trying, nothing is acknowledged, and all goes on by itself.
 */
export class Gate {
  readonly #log: Log;
  readonly #stopped: AbortSignal;
  readonly #failing = new Map<string, { calls: number; reason: string }>();
  readonly #waiters = new Set<() => void>();

  constructor(log: Log, stopped: AbortSignal) {
    this.#log = log;
    this.#stopped = stopped;
    stopped.addEventListener('abort', () => wakeAll(this.#waiters), { once: true });
  }

  get isOpen(): boolean {
    return this.#failing.size === 0;
  }

  /** Why intake holds, one for each dependency. */
  get holds(): readonly IntakeHold[] {
    return [...this.#failing].map(([dependency, { reason }]) => ({ what: `${dependency}: ${reason}`, dependency }));
  }

  /** Resolves at once while open, else when it opens. Rejects when intake or `signal` stops. */
  async whenOpen(signal: AbortSignal): Promise<void> {
    while (!this.isOpen) {
      this.#stopped.throwIfAborted();
      await untilWoken(this.#waiters, signal);
    }
  }

  /**
   * Repeats `call` until it succeeds, with the gate shut meanwhile. `throwIfEnded`: asked before each try, for a delivery
   * that its source may withdraw.
   * @throws what `call` threw, where repeating it as it stands is useless; the stop reason, when intake stops; what
   * `throwIfEnded` throws.
   */
  async pass<T>(
    dependency: string,
    call: () => Promise<T>,
    mayPass: (error: unknown) => boolean = isRetryable,
    throwIfEnded: () => void = () => undefined,
  ): Promise<T> {
    let failedBefore = false;
    try {
      for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
        this.#stopped.throwIfAborted();
        throwIfEnded();
        try {
          return await call();
        } catch (error) {
          if (!mayPass(error)) throw error;
          this.#shut(dependency, toError(error).message, failedBefore);
          failedBefore = true;
          await pause(pauseMs, this.#stopped);
        }
      }
    } finally {
      if (failedBefore) this.#release(dependency);
    }
  }

  #shut(dependency: string, reason: string, again: boolean): void {
    const entry = this.#failing.get(dependency);
    if (entry === undefined) this.#log.warn({ dependency, reason }, 'intake holds until it is back');
    this.#failing.set(dependency, { calls: (entry?.calls ?? 0) + (again ? 0 : 1), reason });
  }

  #release(dependency: string): void {
    const entry = this.#failing.get(dependency);
    if (entry === undefined) return;
    if (entry.calls > 1) {
      this.#failing.set(dependency, { ...entry, calls: entry.calls - 1 });
      return;
    }
    this.#failing.delete(dependency);
    this.#log.info({ dependency }, 'it is back');
    if (!this.isOpen) return;
    wakeAll(this.#waiters);
  }
}

/** Waits so many ms; rejects with the signal's reason if that comes first. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  const timers = new Set<() => void>();
  const timer = setTimeout(() => wakeAll(timers), ms);
  try {
    await untilWoken(timers, signal);
  } finally {
    clearTimeout(timer);
  }
}
