import { setMaxListeners } from 'node:events';
import type { DeadLetters, Delivery, DeliverySink } from '../brokers/source.js';
import { toError } from '../domain/errors.js';
import type { Log } from '../domain/log.js';
import {
  type DeadLetterReason,
  type MessageReading,
  type MessageRules,
  readMessage,
  type Stamps,
} from '../domain/message.js';
import { otherSide, type Side } from '../domain/side.js';
import type { DeadLetterIndex } from '../ledger/dead-letter-index.js';
import type { Ledger } from '../ledger/ledger.js';
import type { PolicyCache } from '../ledger/policy-cache.js';
import type { RouteVerdict } from '../ledger/verdicts.js';
import { Gate } from './gate.js';
import type { InHand } from './in-hand.js';
import { LingerRoom } from './linger.js';
import { type Place, Places } from './places.js';
import { type Arrival, type Routed, Router } from './router.js';
import type { RoutedMessage, Starter, StartResult } from './starter.js';
import type { Throttle } from './throttle.js';

export interface IntakeRules extends MessageRules {
  readonly migration: string;
  readonly cutoverKey: 'messageId' | 'businessId';
  readonly extract: (delivery: Delivery) => Stamps;
  readonly inFlight: number;
  readonly lingerMs: number;
  readonly lingering: number;
  readonly checkAfterMs: number;
  /** Without a record, a delivery stored longer ago than this is not a first sight (ms). A loss of records shortens it. */
  readonly memoryMs: number;
  /** Of what was stored longer ago than this (ms), Temporal may have forgotten the workflow. */
  readonly witnessMs: number;
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
  /** Resolves once the ledger was seen to have all its records, by a look that began after the call. */
  readonly ledgerIsWhole: (signal: AbortSignal) => Promise<void>;
  /** Whether the other side showed life of late: one that does not is not waited for. */
  readonly otherSideLives: () => boolean;
  /** Keeps what waits for the other side within bounds. */
  readonly throttle: Pick<Throttle, 'holding' | 'whenFree' | 'enter'>;
  readonly starter: Pick<Starter, 'start' | 'check'>;
  readonly inHand: Pick<InHand, 'take' | 'leave'>;
  readonly deadLetters: Pick<DeadLetters, 'send'>;
  readonly deadLetterIndex: Pick<DeadLetterIndex, 'add'>;
  readonly observer: IntakeObserver;
  readonly log: Log;
}

type Waiting = Extract<Routed, { verdict: 'wait' }>;

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
  readonly #router: Router;

  constructor(deps: IntakeDependencies) {
    this.#deps = deps;
    // As many listen as there are deliveries that wait for a place or for room: that is no leak.
    setMaxListeners(0, this.#stopping.signal);
    this.#gate = new Gate(deps.log, this.#stopping.signal);
    this.#places = new Places(deps.rules.inFlight);
    this.#lingerRoom = new LingerRoom(deps.ledger, otherSide(deps.side), deps.rules.lingering);
    this.#router = new Router({
      ...deps,
      gate: this.#gate,
      stopping: this.#stopping.signal,
      onVerdict: (verdict) => deps.observer.routed(verdict),
    });
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
    const { policy, throttle } = this.#deps;
    const either = AbortSignal.any([signal, this.#stopping.signal]);
    for (;;) {
      await this.#gate.whenOpen(either);
      await policy.whenKnown(either);
      await throttle.whenFree(either);
      const free = await this.#places.whenFree(either);
      if (this.#gate.isOpen && policy.current() !== undefined && !throttle.holding) return free;
    }
  }

  take(deliveries: readonly Delivery[]): readonly Promise<void>[] {
    const arrivals = deliveries.map((delivery) => ({ delivery, reading: this.#read(delivery) }));
    const messages = arrivals.flatMap(({ delivery, reading }) =>
      'message' in reading ? [this.#router.identify(delivery, reading.message)] : [],
    );
    const verdicts = this.#router.route(messages);
    // Each delivery below awaits it; without one (all were rejected) nobody would, and a failure would go unhandled.
    verdicts.catch(() => undefined);
    let next = 0;
    return arrivals.map(({ delivery, reading }) => {
      const index = 'message' in reading ? next++ : -1;
      return this.#places.occupy(async (place) => {
        if ('rejected' in reading) return this.#deadLetter(delivery, reading.rejected);
        const verdict = (await verdicts)[index] as Routed;
        const arrival = messages[index] as Arrival;
        return this.#act(arrival, verdict, place);
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

  async #act(arrival: Arrival, verdict: Routed, place: Place): Promise<void> {
    const { delivery, message } = arrival;
    switch (verdict.verdict) {
      case 'id-reused':
      case 'too-old':
        return this.#deadLetter(delivery, verdict.verdict);
      case 'done':
        return;
      case 'before-start':
        return this.#leave(arrival);
      case 'check':
        await this.#accept(delivery, () => this.#deps.starter.check(message.messageId, verdict.run));
        return;
      case 'process':
        return this.#start(arrival, verdict, place);
      case 'wait':
        return this.#await(arrival, verdict, place);
    }
  }

  /**
   * Acknowledges a copy of before the start. Within the margin it may be the only copy that there is, so it is named for
   * whoever looks for it: of what is older, the consumer that was there before knows.
   */
  #leave({ delivery, message }: Arrival): void {
    const { log, policy } = this.#deps;
    const start = policy.current()?.policy.start;
    const within = start !== undefined && delivery.storedAt >= Date.parse(start.at);
    const fields = { messageId: message.messageId, source: delivery.coordinates };
    if (within) log.info(fields, 'acknowledged: before start, within its margin');
    else log.debug(fields, 'acknowledged: before start');
  }

  /** Leaves its place to others while it lingers, and takes one again to start a waiting workflow if it must. */
  async #await(arrival: Arrival, verdict: Waiting, place: Place): Promise<void> {
    const room = this.#lingerRoom;
    const { otherSideLives, rules } = this.#deps;
    if (rules.lingerMs <= 0 || rules.lingering <= 0 || !otherSideLives()) {
      return this.#startWaiting(arrival, verdict, place);
    }
    const { signal } = this.#stopping;
    return room.linger({
      messageId: arrival.message.messageId,
      lingerMs: rules.lingerMs,
      signal,
      entered: () => place.leave(),
      next: async (how) => {
        signal.throwIfAborted();
        if (how === 'taken') return;
        await place.comeBack(signal);
        await this.#startWaiting(arrival, verdict, place);
      },
    });
  }

  /** Where too many wait already it stays with the broker; by the time that it goes on, its owner may have claimed it. */
  async #startWaiting(arrival: Arrival, verdict: Waiting, place: Place): Promise<void> {
    const { throttle } = this.#deps;
    const { signal } = this.#stopping;
    if (await this.#gate.pass('ledger', () => throttle.enter(arrival.message.messageId))) {
      return this.#start(arrival, verdict, place);
    }
    await throttle.whenFree(signal);
    signal.throwIfAborted();
    const [again] = await this.#router.route([arrival]);
    return this.#act(arrival, again as Routed, place);
  }

  /**
   * The age index has the message before its workflow does: whoever finds that workflow, another delivery included, may
   * rely on a sweeper finding what it loses.
   */
  async #start(
    { delivery, message, fingerprint, receivedAt }: Arrival,
    { owner, reason, policyVersion }: Extract<Routed, { verdict: 'process' | 'wait' }>,
    place: Place,
  ): Promise<void> {
    const decision = { owner, reason, policyVersion };
    const routed: RoutedMessage = { message, fingerprint, receivedAt, storedAt: delivery.storedAt, decision };
    const { ledger, starter, inHand } = this.#deps;
    const { messageId } = message;
    await this.#gate.pass('ledger', () => ledger.index([messageId]));
    // Before the start: its first task may have run here by the time that the start is answered.
    const left = inHand.take(messageId);
    const result = await this.#accept(delivery, () => starter.start(routed));
    if (result === 'started-eagerly') place.keepUntil(left);
    else inHand.leave(messageId);
  }

  async #accept(delivery: Delivery, call: () => Promise<StartResult>): Promise<StartResult> {
    // Whatever Temporal or the ledger says against it, the delivery is held: there is no other place for it.
    const result = await this.#gate.pass('temporal', call, () => true);
    if (result === 'id-taken') await this.#deadLetter(delivery, result);
    else this.#deps.observer.accepted(result);
    return result;
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
