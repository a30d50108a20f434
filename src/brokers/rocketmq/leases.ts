import { pause } from '../../async/waiting.js';
import { toError } from '../../domain/errors.js';
import type { Log } from '../../domain/log.js';
import type { PoppedDelivery } from './delivery.js';
import type { PopConsumer } from './pop-consumer.js';

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

  /**
   * Joins a delivery that has come again although it is held here, as its renewals failed: the sink is to have it once, as
   * a hold that lasts would otherwise fill its memory with repeats, at each fault anew. What becomes of the one that is held
   * then counts for this one. False: it is held no more, or it is not surely the same.
   */
  rejoin(again: PoppedDelivery): boolean {
    if (again.firstTime) return false;
    for (const lease of this.#leases) {
      if (!lease.pending || !isSame(lease.popped, again)) continue;
      lease.last = lease.last.then(() => {
        lease.popped.handle.receiptHandle = again.handle.receiptHandle;
      });
      return true;
    }
    return false;
  }

  /** Resolves once nothing is held. */
  async drained(): Promise<void> {
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

/** The broker's ID alone is not enough: whoever publishes copies with all their properties copies it too. */
function isSame({ handle, queue, delivery }: PoppedDelivery, again: PoppedDelivery): boolean {
  const [one, other] = [delivery, again.delivery];
  if (handle.messageId === '' || handle.messageId !== again.handle.messageId) return false;
  if (brokerOf(queue) !== brokerOf(again.queue) || handle.topic !== again.handle.topic) return false;
  const hasBody = one.body !== null && other.body !== null && one.body.equals(other.body);
  if (!hasBody || one.properties.size !== other.properties.size) return false;
  return [...one.properties].every(([name, value]) => other.properties.get(name) === value);
}

function brokerOf(queue: string): string {
  return queue.slice(0, queue.lastIndexOf('/'));
}
