import { toError } from '../domain/errors.js';
import type { Log } from '../domain/log.js';
import type { ShutdownBudget } from '../domain/shutdown-budget.js';
import { within } from './waiting.js';

export interface CloserOptions {
  /** Called when the stop begins, before anything is closed: what takes its time begins early. Must not throw. */
  readonly begin?: () => void;
  /** It finishes work, and may take until the budget's `workMs`. Others get a second at most. */
  readonly works?: boolean;
}

type Bounds = Pick<ShutdownBudget, 'workMs' | 'closedMs'>;

interface Open extends CloserOptions {
  readonly name: string;
  readonly close: () => Promise<unknown>;
}

/** A connection that needs longer to say goodbye talks to nobody. */
const LONGEST_CLOSE_MS = 1_000;
/** What has worked until the last moment still gets so long, to be found done. */
const LEAST_WORK_MS = 100;

/**
 * What a process has opened, closed in the reverse order and within a budget: neither a fault in one of them nor one that
 * hangs keeps the others open.
 */
export class Closers {
  readonly #log: Log;
  readonly #open: Open[] = [];
  readonly #hurried: Promise<void>;
  #hurry: () => void = () => undefined;
  #inHurry = false;
  #closing: Promise<readonly string[]> | undefined;

  constructor(log: Log) {
    this.#log = log;
    this.#hurried = new Promise((resolve) => {
      this.#hurry = resolve;
    });
  }

  add(name: string, close: () => Promise<unknown>, options: CloserOptions = {}): void {
    this.#open.push({ name, close, ...options });
  }

  /**
   * Closes everything, once however often it is called. Never rejects: what failed to close is logged. Returns the names of
   * what did not close in time; without bounds each may take as long as it does.
   */
  close(bounds?: Bounds): Promise<readonly string[]> {
    this.#closing ??= this.#closeAll(bounds);
    return this.#closing;
  }

  /** Waits for nothing that is still being closed, nor for what follows. */
  hurry(): void {
    this.#inHurry = true;
    this.#hurry();
  }

  async #closeAll(bounds: Bounds | undefined): Promise<readonly string[]> {
    const begunAt = performance.now();
    const left: string[] = [];
    for (const { begin } of this.#open) begin?.();
    for (const { name, close, works = false } of this.#open.reverse()) {
      const ms = bounds === undefined ? undefined : timeLeft(bounds, works, performance.now() - begunAt);
      this.#log.debug({ closing: name, ms }, 'closing');
      if (await this.#closeOne(name, close, this.#inHurry ? 0 : ms)) continue;
      left.push(name);
      this.#log.warn({ closing: name }, 'it did not close in time, and is left as it is');
    }
    return left;
  }

  /** Whether it was closed in time, in whatever order. */
  async #closeOne(name: string, close: () => Promise<unknown>, ms: number | undefined): Promise<boolean> {
    let closed = false;
    const closing = (async () => close())()
      .catch((error: unknown) => {
        this.#log.warn({ closing: name, error: toError(error).message }, 'it did not close in good order');
      })
      .finally(() => {
        closed = true;
      });
    const done = Promise.race([closing, this.#hurried]);
    await (ms === undefined ? done : within(ms, done));
    return closed;
  }
}

function timeLeft({ workMs, closedMs }: Bounds, works: boolean, elapsedMs: number): number {
  if (works) return Math.max(LEAST_WORK_MS, workMs - elapsedMs);
  return Math.min(LONGEST_CLOSE_MS, Math.max(0, closedMs - elapsedMs));
}
