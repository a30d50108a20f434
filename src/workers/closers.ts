import { toError } from '../domain/errors.js';
import type { Log } from '../domain/log.js';

/** What a process has opened, closed in the reverse order: a fault in one does not keep the others open. */
export class Closers {
  readonly #log: Log;
  readonly #open: { readonly name: string; readonly close: () => Promise<unknown> }[] = [];
  #closing: Promise<void> | undefined;

  constructor(log: Log) {
    this.#log = log;
  }

  add(name: string, close: () => Promise<unknown>): void {
    this.#open.push({ name, close });
  }

  /** Closes everything, once however often it is called. Never rejects: what failed to close is logged. */
  close(): Promise<void> {
    this.#closing ??= this.#closeAll();
    return this.#closing;
  }

  async #closeAll(): Promise<void> {
    for (const { name, close } of this.#open.reverse()) {
      this.#log.debug({ closing: name }, 'closing');
      try {
        await close();
      } catch (error) {
        this.#log.warn({ closing: name, error: toError(error).message }, 'it did not close in good order');
      }
    }
  }
}
