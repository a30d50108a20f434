import type { Side } from '../../domain/side.js';
import type { Fleet, Killed } from './fleet.js';

/** How much of the stream has been handed over when a worker of a side is killed: while that side owns much. */
const MOMENTS: readonly { readonly side: Side; readonly part: number }[] = [
  { side: 'kafka', part: 0.35 },
  { side: 'rocketmq', part: 0.65 },
];

export interface CrashesOptions {
  readonly fleet: Pick<Fleet, 'killBusy' | 'restart'>;
  /** How many the stream hands over in all. */
  readonly total: number;
  readonly signal: AbortSignal;
  readonly onCrash: (killed: Killed) => void;
  readonly onFailure: (error: unknown) => void;
}

/** Kills one worker of each side in the middle of a run, and starts it again. */
export class Crashes {
  readonly #options: CrashesOptions;
  readonly #pending = [...MOMENTS];
  readonly #running: Promise<void>[] = [];
  readonly #killed: Killed[] = [];

  constructor(options: CrashesOptions) {
    this.#options = options;
  }

  /** The workers that were killed. */
  get killed(): readonly Killed[] {
    return this.#killed;
  }

  /** To be told how many have been handed over so far. */
  onHanded(handed: number): void {
    const { total, onFailure } = this.#options;
    const due = this.#pending[0];
    if (due === undefined || handed < total * due.part) return;
    this.#pending.shift();
    this.#running.push(this.#crash(due.side).catch(onFailure));
  }

  /** Resolves once every worker that was killed consumes again. */
  async recovered(): Promise<void> {
    await Promise.all(this.#running);
  }

  async #crash(side: Side): Promise<void> {
    const { fleet, signal, onCrash } = this.#options;
    const killed = await fleet.killBusy(side, signal);
    this.#killed.push(killed);
    onCrash(killed);
    await fleet.restart(side, killed.name, signal);
  }
}
