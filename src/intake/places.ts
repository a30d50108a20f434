import { untilWoken, wakeAll } from './until-woken.js';

/** A place in use. One that was left can be taken again when its turn comes. */
export interface Place {
  leave(): void;
  /** Keeps it beyond the work, until that has come. */
  keepUntil(free: Promise<void>): void;
  comeBack(signal: AbortSignal): Promise<void>;
}

/**
 * The deliveries that intake works on at once. A place is taken at the arrival and free again at the acceptance, or when
 * the message has left this process's hands, where it is kept for so long.
 */
export class Places {
  readonly #limit: number;
  readonly #waiters = new Set<() => void>();
  readonly #returning = new Set<() => void>();
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
      await untilWoken(this.#waiters, signal);
    }
    signal.throwIfAborted();
    return this.#limit - this.#taken;
  }

  /** Works with a place taken, from now on: the caller has asked whether one is free. */
  async occupy<T>(work: (place: Place) => Promise<T>): Promise<T> {
    this.#taken += 1;
    let present = true;
    const leave = (): void => {
      if (!present) return;
      present = false;
      this.#release();
    };
    const comeBack = async (signal: AbortSignal): Promise<void> => {
      if (present) return;
      await this.#takeTurn(signal);
      present = true;
    };
    let kept: Promise<void> | undefined;
    const keepUntil = (free: Promise<void>): void => {
      kept = free;
    };
    try {
      return await work({ leave, keepUntil, comeBack });
    } finally {
      if (kept === undefined) leave();
      else void kept.finally(leave);
    }
  }

  /** Those who come back are given a place one by one, before new ones are let in: all at once they would be too many. */
  async #takeTurn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#taken < this.#limit) {
      this.#taken += 1;
      return;
    }
    await untilWoken(this.#returning, signal);
  }

  #release(): void {
    const [next] = this.#returning;
    if (next !== undefined) {
      next();
      return;
    }
    this.#taken -= 1;
    wakeAll(this.#waiters);
  }
}
