import { pause, within } from '../../async/waiting.js';
import { toError } from '../../domain/errors.js';
import type { Log } from '../../domain/log.js';
import type { RocketmqConnection } from '../connections.js';
import type { DeliverySink } from '../source.js';
import type { ConsumerSession } from '../supervisor.js';
import { ClientGuard } from './client.js';
import { handOver } from './hand-over.js';
import { HastyAnswers } from './hasty-answers.js';
import type { RocketmqLeases } from './leases.js';
import { LONG_POLL_MS, MAX_POP, PopConsumer } from './pop-consumer.js';
import type { RocketmqPast } from './progress.js';
import { SharedCapacity } from './shared-capacity.js';

export interface RocketmqConsumptionOptions {
  readonly connection: RocketmqConnection;
  readonly attempt: number;
  readonly topic: string;
  readonly group: string;
  readonly invisibilityMs: number;
  readonly bodyBytes: number;
  readonly sink: DeliverySink;
  readonly leases: RocketmqLeases;
  readonly past: RocketmqPast;
  readonly log: Log;
}

/** Polls that may fail in a row. Each has a deadline, so a connection that hangs is noticed within half a minute. */
const FAILED_POLLS = 3;
const POLL_PAUSE_MS = 1000;

/** One life of a RocketMQ consumer: one poll after the other at every broker of the topic. */
export class RocketmqConsumption implements ConsumerSession {
  readonly ended: Promise<Error>;
  readonly #consumer: PopConsumer;
  readonly #options: RocketmqConsumptionOptions;
  readonly #guard: ClientGuard;
  readonly #capacity: SharedCapacity;
  readonly #stopping = new AbortController();
  readonly #polls = new Map<string, Promise<void>>();
  readonly #hasty = new HastyAnswers();
  #end: (cause: Error) => void = () => undefined;
  #closed = false;

  private constructor(options: RocketmqConsumptionOptions) {
    this.#options = options;
    this.#consumer = new PopConsumer(options);
    this.#guard = new ClientGuard(this.#consumer, options.log);
    this.#capacity = new SharedCapacity(options.sink);
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /** Undefined once it is closed: its connections would be opened anew, and stay. */
  get consumer(): PopConsumer | undefined {
    return this.#closed ? undefined : this.#consumer;
  }

  /** Why it consumes nothing although no call fails, for people; undefined while it is well. */
  get trouble(): string | undefined {
    const { fault } = this.#hasty;
    if (fault === undefined) return undefined;
    const { topic, group } = this.#options;
    return `RocketMQ broker ${fault.broker} has answered 'no new message' at once for ${fault.seconds} s, although it was asked to wait ${LONG_POLL_MS / 1000} s: look at the rights (ACL) on topic ${topic} and group ${group}, and at the logs of the proxy and the broker`;
  }

  /** Resolves once the consumer polls. Rejects when it cannot, having let go of it. */
  static async begin(options: RocketmqConsumptionOptions): Promise<RocketmqConsumption> {
    const consumption = new RocketmqConsumption(options);
    await consumption.#guard.startUp();
    consumption.#pollEveryBroker();
    options.log.info({ topic: options.topic, brokers: consumption.#consumer.brokers() }, 'polling RocketMQ');
    return consumption;
  }

  /**
   * Begins no poll any more and waits for the running ones, which cannot be cancelled: what they still pop would be
   * invisible to everyone until its time is up.
   */
  async finishPolls(ms: number): Promise<void> {
    this.#stopping.abort();
    await within(ms, Promise.all(this.#polls.values()));
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#stopping.abort();
    await this.#guard.shutDown();
  }

  /** Brokers come and go with the route, which the client refreshes. */
  #pollEveryBroker(): void {
    this.#options.past.route(this.#consumer.queues());
    for (const broker of this.#consumer.brokers()) {
      if (this.#polls.has(broker) || this.#stopping.signal.aborted) continue;
      this.#polls.set(
        broker,
        this.#pollOn(broker).finally(() => {
          this.#polls.delete(broker);
          this.#hasty.ended(broker);
        }),
      );
    }
  }

  async #pollOn(broker: string): Promise<void> {
    const { signal } = this.#stopping;
    for (let failed = 0; !signal.aborted && this.#consumer.brokers().includes(broker); ) {
      try {
        const hasty = await this.#pollOnce(broker);
        failed = 0;
        if (hasty) await pause(this.#hasty.came(broker), signal);
        else this.#hasty.ended(broker);
      } catch (error) {
        if (signal.aborted) return;
        failed += 1;
        if (failed === FAILED_POLLS) return this.#end(toError(error));
        await pause(POLL_PAUSE_MS, signal);
      }
      this.#pollEveryBroker();
    }
  }

  /** Whether the answer came too soon to be one. */
  async #pollOnce(broker: string): Promise<boolean> {
    const { invisibilityMs, past } = this.#options;
    let answered: (() => void) | undefined;
    const room = await this.#capacity.reserve(this.#polls.size, MAX_POP, this.#stopping.signal);
    try {
      const startedAt = Date.now();
      answered = past.pollBegan(startedAt);
      const { deliveries, empty, hasty } = await this.#consumer.pop(broker, room, invisibilityMs);
      if (this.#closed) {
        if (deliveries.length > 0) past.gaveBack(Date.now());
        return false;
      }
      if (deliveries.length > 0) handOver(deliveries, this.#options);
      if (empty) past.foundEmpty(broker, startedAt, Date.now());
      return hasty;
    } finally {
      answered?.();
      this.#capacity.release(room);
    }
  }
}
