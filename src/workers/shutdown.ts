import type { Closers } from '../async/closers.js';
import type { Migration } from '../config/migration.js';
import type { Log } from '../domain/log.js';
import { divideShutdown, type ShutdownBudget } from '../domain/shutdown-budget.js';
import type { AttemptsUnderWay } from './attempts-under-way.js';

export interface ShutdownOptions {
  readonly migration: Pick<Migration, 'limits' | 'attemptTimeoutMs'>;
  readonly closers: Closers;
  readonly attempts: Pick<AttemptsUnderWay, 'cutOff'>;
  readonly log: Log;
}

/** The log names no more than so many of what was cut off. */
const MOST_NAMED = 20;

/** The stop of one process: within `limits.shutdown`, all of it together. What is cut off is logged. */
export class Shutdown {
  readonly budget: ShutdownBudget;
  readonly #options: ShutdownOptions;
  #underWay = false;

  constructor(options: ShutdownOptions) {
    const { limits, attemptTimeoutMs } = options.migration;
    this.#options = options;
    this.budget = divideShutdown(limits.shutdownMs, { drainMs: limits.drainMs, attemptMs: attemptTimeoutMs });
    const { graceMs } = this.budget;
    if (graceMs >= attemptTimeoutMs) return;
    const fields = { shutdownMs: limits.shutdownMs, graceMs, attemptTimeoutMs };
    options.log.warn(fields, 'limits.shutdown leaves an attempt less than attemptTimeout: a stop may cut it off');
  }

  /** Why the process is not ready, once it stops. */
  reasons(): readonly string[] {
    return this.#underWay ? ['process: it is stopping'] : [];
  }

  async run(): Promise<void> {
    const { closers, attempts, log } = this.#options;
    this.#underWay = true;
    const begunAt = performance.now();
    log.info({ ...this.budget }, 'stopping: nothing more is taken in');
    const open = await closers.close(this.budget);
    const { cutOff } = attempts;
    if (cutOff.length > 0) {
      const messageIds = cutOff.slice(0, MOST_NAMED);
      log.warn({ count: cutOff.length, messageIds }, 'attempts at the reward were cut off: their outcome is unknown');
    }
    log.info({ ms: Math.round(performance.now() - begunAt), open }, 'stopped');
  }
}
