import { setTimeout as sleep } from 'node:timers/promises';
import { toError } from '../domain/errors.js';

export interface RetriedCheckOptions<T> {
  /** What is asked, for people, as `retention of topic 'rewards'`. */
  readonly what: string;
  /** Rejects where it gets no answer; must do so in time. */
  readonly ask: () => Promise<T>;
  /** Whether the answer is the last word. Where it is not, it is asked again. */
  readonly isFinal: (answer: T) => boolean;
  /** Pause between two questions, in ms. */
  readonly everyMs: number;
}

/** Something that is to be known at the start, and is asked again until it is: a right may be given, a service come back. */
export class RetriedCheck<T> {
  readonly #options: RetriedCheckOptions<T>;
  readonly #stopping = new AbortController();
  #answer: T | undefined;
  #failure: string | undefined = 'it was not asked yet';
  #asking: Promise<void> = Promise.resolve();

  constructor(options: RetriedCheckOptions<T>) {
    this.#options = options;
  }

  /** The last answer; undefined while there was none. */
  get answer(): T | undefined {
    return this.#answer;
  }

  /** Why there is no answer, for people; undefined once there is one. */
  get unchecked(): string | undefined {
    return this.#answer === undefined ? `${this.#options.what}: ${this.#failure}` : undefined;
  }

  /** Asks once. Never rejects. */
  async ask(): Promise<void> {
    try {
      this.#answer = await this.#options.ask();
      this.#failure = undefined;
    } catch (error) {
      this.#failure = toError(error).message;
    }
  }

  /** Goes on asking until the answer is final. `onAnswer` is called after each one. */
  keepAsking(onAnswer: () => void): void {
    this.#asking = this.#keepAsking(onAnswer);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#asking;
  }

  async #keepAsking(onAnswer: () => void): Promise<void> {
    const { isFinal, everyMs } = this.#options;
    const { signal } = this.#stopping;
    while (this.#answer === undefined || !isFinal(this.#answer)) {
      try {
        await sleep(everyMs, undefined, { signal });
      } catch {
        // It rejects for one reason only: this was stopped.
        return;
      }
      await this.ask();
      if (this.#answer !== undefined && !signal.aborted) onAnswer();
    }
  }
}
