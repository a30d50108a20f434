import { toError } from '../domain/errors.js';
import type { Log } from '../domain/log.js';
import type { PopConsumer } from './pop-consumer.js';
import type { PoppedDelivery } from './rocketmq-delivery.js';
import { pause } from './waiting.js';

export interface RocketmqLeasesOptions {
  /** The consumer of the moment: a delivery may outlive the one that popped it. */
  readonly consumer: () => Pick<PopConsumer, 'acknowledge' | 'extend'> | undefined;
  readonly invisibilityMs: number;
  /** Called for a delivery that goes back to the broker, or that the broker may have given to someone else. */
  readonly onReturn: () => void;
  readonly log: Log;
}

interface Lease {
  readonly popped: PoppedDelivery;
  /** The last request about it: the receipt handle changes with every extension, so they go one by one. */
  last: Promise<void>;
  pending: boolean;
}

/** The least time that the proxy lets a message be kept invisible. */
const LEAST_INVISIBILITY_MS = 10_000;
const ACK_ATTEMPTS = 5;
const FIRST_ACK_PAUSE_MS = 200;

/** The deliveries of this process that are not acknowledged: keeps them invisible to others while they are pending. */
export class RocketmqLeases {
  readonly #options: RocketmqLeasesOptions;
  readonly #leases = new Set<Lease>();
  readonly #ends = new Set<Promise<void>>();
  readonly #renewal: NodeJS.Timeout;
  #cameAgain = 0;

  constructor(options: RocketmqLeasesOptions) {
    this.#options = options;
    this.#renewal = setInterval(() => this.#renewAll(), options.invisibilityMs / 3);
  }

  /**
   * All that is still held came for the first time, and after this (ms since the epoch): 0 where something came again, as
   * nobody knows how old that is. Undefined: nothing is held.
   */
  get heldSince(): number | undefined {
    if (this.#cameAgain > 0) return 0;
    for (const { popped } of this.#leases) return popped.askedAt;
    return undefined;
  }

  /** Holds the delivery until its outcome is known: accepted, it is acknowledged; rejected, it is given back. */
  hold(popped: PoppedDelivery, outcome: Promise<void>): void {
    const lease: Lease = { popped, last: Promise.resolve(), pending: true };
    this.#leases.add(lease);
    if (!popped.firstTime) this.#cameAgain += 1;
    const end = outcome
      .then(
        () => this.#acknowledge(lease),
        (error) => this.#giveBack(lease, toError(error)),
      )
      .finally(() => {
        this.#leases.delete(lease);
        if (!popped.firstTime) this.#cameAgain -= 1;
        this.#ends.delete(end);
      });
    this.#ends.add(end);
  }

  /** Resolves once nothing is held. */
  async settled(): Promise<void> {
    while (this.#ends.size > 0) await Promise.all(this.#ends);
  }

  /** Renews nothing any more: what is still held becomes visible again when its time is up. */
  stop(): void {
    clearInterval(this.#renewal);
  }

  #renewAll(): void {
    for (const lease of this.#leases) {
      if (lease.pending) lease.last = lease.last.then(() => this.#renew(lease));
    }
  }

  async #renew(lease: Lease): Promise<void> {
    if (!lease.pending) return;
    const { consumer, invisibilityMs, onReturn, log } = this.#options;
    try {
      await consumer()?.extend(lease.popped.handle, invisibilityMs);
    } catch (err) {
      log.warn(
        { err, coordinates: lease.popped.delivery.coordinates },
        'a delivery could not be kept; it may come again',
      );
      onReturn();
    }
  }

  /** Never rejects: a message whose acknowledgement is lost is delivered again. */
  async #acknowledge(lease: Lease): Promise<void> {
    lease.pending = false;
    await lease.last;
    const { consumer, onReturn, log } = this.#options;
    for (let attempt = 1; ; attempt += 1) {
      try {
        const current = consumer();
        if (current === undefined) throw new Error('RocketMQ is not connected');
        return await current.acknowledge(lease.popped.handle);
      } catch (err) {
        if (attempt < ACK_ATTEMPTS) {
          await pause(FIRST_ACK_PAUSE_MS * 2 ** (attempt - 1));
          continue;
        }
        log.warn(
          { err, coordinates: lease.popped.delivery.coordinates },
          'an acknowledgement was lost; it comes again',
        );
        return onReturn();
      }
    }
  }

  async #giveBack(lease: Lease, err: Error): Promise<void> {
    lease.pending = false;
    await lease.last;
    const { consumer, onReturn, log } = this.#options;
    const { coordinates } = lease.popped.delivery;
    log.warn({ err, coordinates }, 'a delivery was not accepted; it comes again');
    onReturn();
    try {
      await consumer()?.extend(lease.popped.handle, LEAST_INVISIBILITY_MS);
    } catch (error) {
      log.debug({ err: error, coordinates }, 'a delivery could not be given back early; its time has to run out');
    }
  }
}
