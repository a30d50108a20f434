import type { DeadLetters, Delivery } from '../brokers/source.js';
import { HandoverError } from '../domain/errors.js';
import type { Log } from '../domain/log.js';
import type { DeadLetterReason, Stamps } from '../domain/message/message.js';
import type { Side } from '../domain/side.js';
import type { DeadLetterIndex } from '../ledger/redis/stores/dead-letter-index.js';
import { inServersWords } from './temporal-fault.js';

/** Keeps dead letters where their topic takes none. */
export interface DeadLetterKeeper {
  /**
   * Answers what they are kept as, a workflow ID: the same for a delivery however often it comes. Throws what Temporal
   * throws.
   */
  keep(delivery: Delivery, reason: DeadLetterReason, facts: KeptFacts): Promise<string>;
}

export interface KeptFacts {
  /** What the dead-letter topic said. */
  readonly why: string;
  /** What is wrong with the delivery, in words. */
  readonly detail?: string | undefined;
}

export interface SetAsideOptions {
  readonly side: Side;
  readonly rules: { readonly migration: string; readonly extract: (delivery: Delivery) => Stamps };
  readonly deadLetters: Pick<DeadLetters, 'send'>;
  readonly keeper: DeadLetterKeeper;
  readonly deadLetterIndex: Pick<DeadLetterIndex, 'add'>;
  readonly observer: { deadLettered(reason: DeadLetterReason): void };
  readonly log: Log;
}

/** Repeats a call to a dependency until it succeeds, or fails with what `mayPass` says will not pass. */
export type Pass = <T>(dependency: string, call: () => Promise<T>, mayPass?: (error: unknown) => boolean) => Promise<T>;

/**
 * Makes a delivery durable that cannot become a message, or that Temporal will not start a workflow for: its body and its
 * coordinates go to the dead-letter topic; where that topic is missing, forbidden, or takes nothing of it, to Temporal. So
 * one delivery never stops those behind it. While the broker, or then Temporal, is away, it is held.
 */
export class SetAside {
  readonly #options: SetAsideOptions;

  constructor(options: SetAsideOptions) {
    this.#options = options;
  }

  /** Resolves once it is kept, and the index names it. `detail`: what is wrong with it, where the reason alone does not say. */
  async send(delivery: Delivery, reason: DeadLetterReason, pass: Pass, detail = delivery.damaged): Promise<void> {
    const { deadLetterIndex, side, rules, observer, log } = this.#options;
    const keptAs = await this.#keep(delivery, reason, pass, detail);
    const messageId = this.#claimedId(delivery);
    const source = delivery.coordinates;
    const entry = {
      side,
      reason,
      source,
      time: Date.now(),
      ...(messageId !== undefined && { messageId }),
      ...(keptAs !== undefined && { keptAs }),
    };
    await pass('ledger', () => deadLetterIndex.add(entry));
    observer.deadLettered(reason);
    const { tooLarge } = delivery;
    log.warn(
      { migration: rules.migration, side, reason, source, messageId, detail, tooLarge, keptAs },
      'dead-lettered',
    );
  }

  /** Answers the workflow that it is kept as; undefined where its topic has it. */
  async #keep(
    delivery: Delivery,
    reason: DeadLetterReason,
    pass: Pass,
    detail: string | undefined,
  ): Promise<string | undefined> {
    const { deadLetters, keeper, log } = this.#options;
    try {
      await pass(
        'dead letters',
        () => deadLetters.send(delivery, reason, detail),
        (error) => !isRefused(error),
      );
      return undefined;
    } catch (error) {
      if (!isRefused(error)) throw error;
      const why = error.message;
      log.warn({ why, source: delivery.coordinates }, 'the dead-letter topic takes nothing; Temporal keeps it instead');
      return pass(
        'temporal',
        () =>
          keeper
            .keep(delivery, reason, { why, detail })
            .catch((fault: unknown) => Promise.reject(inServersWords(fault))),
        () => true,
      );
    }
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

function isRefused(error: unknown): error is HandoverError {
  return error instanceof HandoverError && error.code === 'dead-letters-refused';
}
