import type { DeadLetters, Delivery, DeliverySink } from '../brokers/source.js';
import { bucketOf } from '../domain/bucket.js';
import { toError } from '../domain/errors.js';
import { fingerprintOf } from '../domain/fingerprint.js';
import type { Log } from '../domain/log.js';
import {
  type DeadLetterReason,
  type Message,
  type MessageReading,
  type MessageRules,
  readMessage,
  type Stamps,
} from '../domain/message.js';
import { otherSide, type Side } from '../domain/side.js';
import type { DeadLetterIndex } from '../ledger/dead-letter-index.js';
import type { Ledger, RouteRequest } from '../ledger/ledger.js';
import type { PolicyCache } from '../ledger/policy-cache.js';
import type { RouteVerdict } from '../ledger/verdicts.js';
import { Gate } from './gate.js';
import { LingerRoom } from './linger.js';
import { type Place, Places } from './places.js';
import type { RoutedMessage, Starter, StartResult } from './starter.js';

export interface IntakeRules extends MessageRules {
  readonly migration: string;
  readonly cutoverKey: 'messageId' | 'businessId';
  readonly extract: (delivery: Delivery) => Stamps;
  readonly inFlight: number;
  readonly lingerMs: number;
  readonly lingering: number;
  readonly checkAfterMs: number;
  /** Without a record, a delivery stored longer ago than this is not a first sight (ms). */
  readonly memoryMs: number;
}

/** What intake tells of a delivery, for metrics. */
export interface IntakeObserver {
  routed(verdict: RouteVerdict['verdict']): void;
  accepted(result: StartResult): void;
  deadLettered(reason: DeadLetterReason): void;
}

export interface IntakeDependencies {
  readonly side: Side;
  readonly rules: IntakeRules;
  readonly ledger: Pick<Ledger, 'route' | 'ownerProgress' | 'index'>;
  readonly policy: Pick<PolicyCache, 'current' | 'whenKnown' | 'refresh' | 'redisNow'>;
  /** Whether the other side showed life of late: one that does not is not waited for. */
  readonly otherSideLives: () => boolean;
  readonly starter: Pick<Starter, 'start' | 'check'>;
  readonly deadLetters: Pick<DeadLetters, 'send'>;
  readonly deadLetterIndex: Pick<DeadLetterIndex, 'add'>;
  readonly observer: IntakeObserver;
  readonly log: Log;
}

type Waiting = Extract<RouteVerdict, { verdict: 'wait' }>;
type Routable = Exclude<RouteVerdict, { verdict: 'stale-policy' }>;

/**
 * What one side's consumer does with its deliveries: read, route, then start the message's workflow, leave it to the
 * other side, or dead-letter it. A delivery is accepted, and so acknowledged, only once something durable has it.
 */
export class Intake implements DeliverySink {
  readonly #deps: IntakeDependencies;
  readonly #stopping = new AbortController();
  readonly #gate: Gate;
  readonly #places: Places;
  readonly #lingerRoom: LingerRoom;

  constructor(deps: IntakeDependencies) {
    this.#deps = deps;
    this.#gate = new Gate(deps.log, this.#stopping.signal);
    this.#places = new Places(deps.rules.inFlight);
    this.#lingerRoom = new LingerRoom(deps.ledger, otherSide(deps.side), deps.rules.lingering);
  }

  /** Why intake holds; empty while it does not. */
  get holds(): readonly string[] {
    const unknown = this.#deps.policy.current() === undefined ? ['policy: it is not known'] : [];
    return [...unknown, ...this.#gate.reasons];
  }

  get inFlight(): number {
    return this.#places.taken;
  }

  get lingering(): number {
    return this.#lingerRoom.size;
  }

  async capacity(signal: AbortSignal): Promise<number> {
    const either = AbortSignal.any([signal, this.#stopping.signal]);
    for (;;) {
      await this.#gate.whenOpen(either);
      await this.#deps.policy.whenKnown(either);
      const free = await this.#places.whenFree(either);
      if (this.#gate.isOpen && this.#deps.policy.current() !== undefined) return free;
    }
  }

  take(deliveries: readonly Delivery[]): readonly Promise<void>[] {
    const arrivals = deliveries.map((delivery) => ({ delivery, reading: this.#read(delivery) }));
    const messages = arrivals.flatMap(({ delivery, reading }) =>
      'message' in reading ? [this.#identify(delivery, reading.message)] : [],
    );
    const verdicts = this.#route(messages);
    // Each delivery below awaits it; without one (all were rejected) nobody would, and a failure would go unhandled.
    verdicts.catch(() => undefined);
    let next = 0;
    return arrivals.map(({ delivery, reading }) => {
      const index = 'message' in reading ? next++ : -1;
      return this.#places.occupy(async (place) => {
        if ('rejected' in reading) return this.#deadLetter(delivery, reading.rejected);
        const verdict = (await verdicts)[index] as Routable;
        const arrival = messages[index] as Arrival;
        return this.#act(delivery, arrival, verdict, place);
      });
    });
  }

  /** Turns every pending delivery away, unacknowledged. Those that are just being accepted are not hurried. */
  stop(): void {
    this.#stopping.abort(new Error('intake is stopping'));
    this.#lingerRoom.close();
  }

  #read(delivery: Delivery): MessageReading {
    const { rules, log } = this.#deps;
    if (delivery.damaged !== undefined) return { rejected: 'undecodable' };
    try {
      return readMessage(rules.extract(delivery), delivery.body, rules);
    } catch (error) {
      // Only a user's own extractor can throw here, and its fault must not stop the partition.
      log.warn({ source: delivery.coordinates, error: toError(error).message }, 'the extractor threw');
      return { rejected: 'undecodable' };
    }
  }

  #identify(delivery: Delivery, message: Message): Arrival {
    const { rules, policy } = this.#deps;
    const key = rules.cutoverKey === 'businessId' ? (message.businessId ?? message.messageId) : message.messageId;
    const age = Date.now() - delivery.storedAt;
    return {
      message,
      fingerprint: fingerprintOf(message.body),
      bucket: bucketOf(rules.migration, key),
      receivedAt: policy.redisNow() - (Date.now() - delivery.receivedAt),
      beyondMemory: delivery.storedAt > 0 && age > rules.memoryMs,
    };
  }

  /** Routes a batch in one pipeline. What a stale policy kept from being decided is asked again with a fresh one. */
  async #route(arrivals: readonly Arrival[]): Promise<Routable[]> {
    const { side, rules, ledger, policy } = this.#deps;
    const answers = new Map<Arrival, Routable>();
    let open = arrivals;
    while (open.length > 0) {
      const verdicts = await this.#gate.pass('ledger', async () => {
        const known = await policy.whenKnown(this.#stopping.signal);
        return ledger.route(
          open.map(
            ({ message, fingerprint, bucket, beyondMemory }): RouteRequest => ({
              messageId: message.messageId,
              side,
              fingerprint,
              decision: known.decide({ businessId: message.businessId, bucket }),
              validUntil: known.validUntil,
              checkAfterMs: rules.checkAfterMs,
              beyondMemory,
            }),
          ),
        );
      });
      const stale: Arrival[] = [];
      open.forEach((arrival, index) => {
        const verdict = verdicts[index] as RouteVerdict;
        this.#deps.observer.routed(verdict.verdict);
        if (verdict.verdict === 'stale-policy') stale.push(arrival);
        else answers.set(arrival, verdict);
      });
      if (stale.length > 0) await this.#gate.pass('policy', () => policy.refresh());
      open = stale;
    }
    return arrivals.map((arrival) => answers.get(arrival) as Routable);
  }

  async #act(delivery: Delivery, arrival: Arrival, verdict: Routable, place: Place): Promise<void> {
    switch (verdict.verdict) {
      case 'id-reused':
      case 'too-old':
        return this.#deadLetter(delivery, verdict.verdict);
      case 'done':
        return;
      case 'check':
        return this.#accept(delivery, () => this.#deps.starter.check(arrival.message.messageId, verdict.run));
      case 'process':
        return this.#start(delivery, arrival, verdict);
      case 'wait':
        return this.#await(delivery, arrival, verdict, place);
    }
  }

  /** Leaves its place to others while it lingers, and takes one again to start a waiting workflow if it must. */
  async #await(delivery: Delivery, arrival: Arrival, verdict: Waiting, place: Place): Promise<void> {
    const room = this.#lingerRoom;
    const { otherSideLives, rules } = this.#deps;
    if (rules.lingerMs <= 0 || room.isFull || !otherSideLives()) return this.#start(delivery, arrival, verdict);
    place.leave();
    return room.linger(arrival.message.messageId, rules.lingerMs, async (how) => {
      this.#stopping.signal.throwIfAborted();
      if (how === 'taken') return;
      await place.comeBack(this.#stopping.signal);
      await this.#start(delivery, arrival, verdict);
    });
  }

  /** Both the age index and the workflow have the message before it is accepted: a sweeper must find what a workflow loses. */
  async #start(
    delivery: Delivery,
    { message, fingerprint, receivedAt }: Arrival,
    { owner, reason, policyVersion }: Extract<Routable, { verdict: 'process' | 'wait' }>,
  ): Promise<void> {
    const routed: RoutedMessage = { message, fingerprint, receivedAt, decision: { owner, reason, policyVersion } };
    const { ledger, starter } = this.#deps;
    await Promise.all([
      this.#gate.pass('ledger', () => ledger.index([message.messageId])),
      this.#accept(delivery, () => starter.start(routed)),
    ]);
  }

  async #accept(delivery: Delivery, call: () => Promise<StartResult>): Promise<void> {
    // Whatever Temporal or the ledger says against it, the delivery is held: there is no other place for it.
    const result = await this.#gate.pass('temporal', call, () => true);
    if (result === 'id-taken') return this.#deadLetter(delivery, result);
    this.#deps.observer.accepted(result);
  }

  async #deadLetter(delivery: Delivery, reason: DeadLetterReason): Promise<void> {
    const { deadLetters, deadLetterIndex, side, rules, observer, log } = this.#deps;
    await this.#gate.pass(
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
    await this.#gate.pass('ledger', () => deadLetterIndex.add(entry));
    observer.deadLettered(reason);
    log.warn({ migration: rules.migration, side, reason, source: delivery.coordinates }, 'dead-lettered');
  }

  /** The ID that a dead letter bears, were it ever so malformed, cut to a length that a person can read. */
  #claimedId(delivery: Delivery): string | undefined {
    try {
      return this.#deps.rules.extract(delivery).messageId?.slice(0, 200);
    } catch {
      // The extractor has thrown before, and that has been logged.
      return undefined;
    }
  }
}

interface Arrival {
  readonly message: Message;
  readonly fingerprint: string;
  readonly bucket: number;
  readonly receivedAt: number;
  readonly beyondMemory: boolean;
}
