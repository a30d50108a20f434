import { pause } from '../async/waiting.js';
import { toError } from '../domain/errors.js';
import type { Log } from '../domain/log.js';
import type { SourceStatus } from './source.js';

/** One incarnation of a broker's client. */
export interface ConsumerSession {
  /** Resolves with the cause once the client cannot be trusted to consume any more. */
  readonly ended: Promise<Error>;
  /** Lets go of the client, whatever its state. Never rejects. */
  close(): Promise<void>;
}

export interface SupervisorOptions {
  /** Who is supervised, for messages: `the Kafka consumer of rewards`. */
  readonly what: string;
  /**
   * Begins a life; the number counts them from 0. `ready` is to be called once it has shown that it consumes, which may be
   * later than its beginning. Rejects when the client cannot be brought up; it must then have let go of it.
   */
  readonly live: (attempt: number, ready: () => void) => Promise<ConsumerSession>;
  readonly log: Log;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;
/** A life this long was a good one: the next fault is a new one and is not made to wait for the last. */
const GOOD_LIFE_MS = 60_000;

/** Keeps one life of a client going, for ever and with growing pauses, until it is stopped. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #stopping = new AbortController();
  #status: SourceStatus = { ready: false, reason: 'not started', restarts: 0 };
  #running: Promise<void> = Promise.resolve();

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  get status(): SourceStatus {
    return this.#status;
  }

  /** Resolves once the first life has begun or has failed to begin. */
  start(): Promise<void> {
    this.#status = { ready: false, reason: `${this.#options.what} is connecting`, restarts: 0 };
    return new Promise((resolve) => {
      this.#running = this.#run(resolve);
    });
  }

  /** Closes the current life and begins no other. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    this.#status = { ready: false, reason: `${this.#options.what} is stopped`, restarts: this.#status.restarts };
  }

  async #run(attempted: () => void): Promise<void> {
    const { signal } = this.#stopping;
    const stopped = new Promise<undefined>((resolve) => {
      signal.addEventListener('abort', () => resolve(undefined), { once: true });
    });
    let pauseMs = FIRST_PAUSE_MS;
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      const bornAt = performance.now();
      const cause = await this.#live(attempt, attempted, stopped);
      if (cause === undefined || signal.aborted) return attempted();
      if (performance.now() - bornAt > GOOD_LIFE_MS) pauseMs = FIRST_PAUSE_MS;
      this.#report(cause, pauseMs);
      attempted();
      await pause(pauseMs, signal);
      pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
    }
  }

  /** Answers why the life ended, or undefined when it was stopped. */
  async #live(attempt: number, begun: () => void, stopped: Promise<undefined>): Promise<Error | undefined> {
    try {
      const life = await this.#options.live(attempt, () => {
        this.#status = { ready: true, restarts: this.#status.restarts };
      });
      begun();
      const cause = await Promise.race([life.ended, stopped]);
      await life.close();
      return cause;
    } catch (error) {
      return toError(error);
    }
  }

  #report(cause: Error, pauseMs: number): void {
    const { what, log } = this.#options;
    const restarts = this.#status.restarts + 1;
    this.#status = { ready: false, reason: `${what} failed: ${cause.message}`, restarts };
    log.warn({ err: cause, restarts, pauseMs }, `${what} failed and is built anew`);
  }
}
