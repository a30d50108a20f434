import type { DeadLetters, Delivery } from '../brokers/source.js';
import type { Log } from '../domain/log.js';
import type { DeadLetterReason, Stamps } from '../domain/message.js';
import type { Side } from '../domain/side.js';
import type { DeadLetterIndex } from '../ledger/dead-letter-index.js';

export interface DeadLetteringOptions {
  readonly side: Side;
  readonly rules: { readonly migration: string; readonly extract: (delivery: Delivery) => Stamps };
  readonly deadLetters: Pick<DeadLetters, 'send'>;
  readonly deadLetterIndex: Pick<DeadLetterIndex, 'add'>;
  readonly observer: { deadLettered(reason: DeadLetterReason): void };
  readonly log: Log;
}

/** Repeats a call to a dependency until it succeeds. */
export type Pass = (
  dependency: string,
  call: () => Promise<void>,
  mayPass?: (error: unknown) => boolean,
) => Promise<void>;

/** Makes a delivery durable that can never become a message. */
export class DeadLettering {
  readonly #options: DeadLetteringOptions;

  constructor(options: DeadLetteringOptions) {
    this.#options = options;
  }

  /** Resolves once the dead-letter topic has it and the index names it. */
  async send(delivery: Delivery, reason: DeadLetterReason, pass: Pass): Promise<void> {
    const { deadLetters, deadLetterIndex, side, rules, observer, log } = this.#options;
    await pass(
      'dead letters',
      () => deadLetters.send(delivery, reason),
      () => true,
    );
    const messageId = this.#claimedId(delivery);
    const entry = {
      side,
      reason,
      source: delivery.coordinates,
      time: Date.now(),
      ...(messageId !== undefined && { messageId }),
    };
    await pass('ledger', () => deadLetterIndex.add(entry));
    observer.deadLettered(reason);
    log.warn({ migration: rules.migration, side, reason, source: delivery.coordinates }, 'dead-lettered');
  }

  /** The ID that a dead letter bears, were it ever so malformed, cut to a length that a person can read. */
  #claimedId(delivery: Delivery): string | undefined {
    try {
      return this.#options.rules.extract(delivery).messageId?.slice(0, 200);
    } catch {
      // The extractor has thrown before, and that has been logged.
      return undefined;
    }
  }
}
