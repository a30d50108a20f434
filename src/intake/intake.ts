import type { Delivery, DeliverySink } from '../brokers/source.js';
import type { Census } from '../domain/flow/flow.js';
import type { IntakeHold, IntakeLook } from '../domain/flow/stall.js';
import type { DeadLetterReason } from '../domain/message/message.js';
import { refusesThisMessage } from '../domain/message/start-refusal.js';
import type { IntakeDependencies } from './dependencies.js';
import { FlowControl, type Ticket } from './flow-control.js';
import { Gate } from './gate.js';
import { OtherSide } from './other-side/other-side.js';
import { readDelivery } from './read-delivery.js';
import { type Arrival, RouteBatch, type Routed, Router } from './router.js';
import { type Pass, SetAside } from './set-aside.js';
import type { RoutedMessage, StartResult } from './starter.js';
import { inServersWords, readTemporalFault } from './temporal-fault.js';
import { Withdrawals } from './withdrawals.js';

const WITHHELD: IntakeHold = {
  what: 'ledger: deliveries without a record stay with their broker until what has closed is restored',
};

/**
 * What one side's consumer does with its deliveries: read, route, then start the message's workflow, leave it to the
 * other side, or dead-letter it. A delivery is accepted, and so acknowledged, only once something durable has it. When it
 * may take its next step is the flow's to say (`domain/flow/flow.ts`).
 */
export class Intake implements DeliverySink {
  readonly #deps: IntakeDependencies;
  readonly #stopping = new AbortController();
  readonly #gate: Gate;
  readonly #flow: FlowControl;
  readonly #otherSide: OtherSide;
  readonly #setAside: SetAside;
  readonly #router: Router;
  readonly #batch: RouteBatch;
  readonly #withdrawals = new Withdrawals();

  constructor(deps: IntakeDependencies) {
    this.#deps = deps;
    const { rules, throttle, recovery } = deps;
    this.#gate = new Gate(deps.log, this.#stopping.signal);
    const { inFlight, lingering, held } = rules;
    this.#flow = new FlowControl({
      bounds: { places: inFlight, rooms: lingering, memory: inFlight + lingering + held },
      throttled: () => throttle.holding,
      recovering: recovery.isUnderWay,
    });
    recovery.onEnd(() => this.#flow.pump());
    throttle.onRelease(() => this.#flow.pump());
    this.#otherSide = new OtherSide({ ...deps, flow: this.#flow, gate: this.#gate });
    this.#setAside = new SetAside(deps);
    this.#router = new Router({
      ...deps,
      gate: this.#gate,
      stopping: this.#stopping.signal,
      isRecovering: recovery.isUnderWay,
      onVerdict: (verdict) => deps.observer.routed(verdict),
    });
    this.#batch = new RouteBatch(this.#router);
  }

  /** Why intake holds; empty while it does not. */
  get holds(): readonly IntakeHold[] {
    const { unproved } = this.census;
    return [...this.#deps.policy.holds, ...this.#gate.holds, ...(unproved === 0 ? [] : [WITHHELD])];
  }

  get inFlight(): number {
    return this.#flow.inFlight;
  }

  get census(): Census {
    return this.#flow.census;
  }

  /** What tells whether it stands still. */
  look(): Omit<IntakeLook, 'now'> {
    const { census, accepted, oldest } = this.#flow;
    return { census, accepted, oldest, holds: this.holds, throttled: this.#deps.throttle.holding };
  }

  async capacity(signal: AbortSignal): Promise<number> {
    const { policy } = this.#deps;
    for (;;) {
      await this.#gate.whenOpen(signal);
      await policy.whenKnown(signal);
      await this.#flow.whenFetching(signal);
      const fetch = this.#flow.mayFetch;
      if (fetch > 0 && this.#gate.isOpen && policy.current() !== undefined) return fetch;
    }
  }

  take(deliveries: readonly Delivery[]): readonly Promise<void>[] {
    return deliveries.map((delivery) => {
      const ticket = this.#flow.admit();
      const brought = this.#bring(ticket, delivery);
      const { withdrawn } = delivery;
      return withdrawn === undefined
        ? brought
        : this.#withdrawals.unless(withdrawn, () => this.#withdraw(ticket), brought);
    });
  }

  /** Turns every pending delivery away, unacknowledged. Those that are just being accepted are not hurried. */
  stop(): void {
    const why = new Error('intake is stopping');
    this.#stopping.abort(why);
    this.#flow.stop(why);
    this.#otherSide.stop();
  }

  #withdraw(ticket: Ticket): Error {
    const why = new Error('its source has withdrawn it');
    this.#flow.withdraw(ticket, why);
    return why;
  }

  async #bring(ticket: Ticket, delivery: Delivery): Promise<void> {
    try {
      await this.#flow.wait(ticket, 'arrived');
      const reading = readDelivery(delivery, this.#deps.rules, this.#deps.log);
      if ('rejected' in reading) await this.#deadLetter(ticket, delivery, reading.rejected);
      else await this.#bringMessage(ticket, this.#router.identify(delivery, reading.message));
      if (ticket.stage !== 'in-hand') this.#flow.leave(ticket, 'accepted');
    } catch (error) {
      this.#flow.leave(ticket, 'rejected');
      throw error;
    }
  }

  /** Each round begins with a place, at a verdict of the ledger; a further one follows where a hold has ended. */
  async #bringMessage(ticket: Ticket, arrival: Arrival): Promise<void> {
    for (let again = false; ; again = true) {
      const verdict = await this.#batch.route(arrival);
      ticket.throwIfEnded();
      if (verdict.verdict === 'unproved') {
        this.#withhold(arrival);
        await this.#flow.wait(ticket, 'unproved');
        continue;
      }
      if (verdict.verdict !== 'wait') return this.#act(ticket, arrival, verdict);
      const turn = await this.#otherSide.takeTurn(ticket, arrival, again);
      if (turn === 'start') return this.#start(ticket, arrival, verdict);
      if (turn === 'accepted') return;
    }
  }

  async #act(
    ticket: Ticket,
    arrival: Arrival,
    verdict: Exclude<Routed, { verdict: 'wait' | 'unproved' }>,
  ): Promise<void> {
    const { delivery, message } = arrival;
    switch (verdict.verdict) {
      case 'id-reused':
      case 'too-old':
        return this.#deadLetter(ticket, delivery, verdict.verdict);
      case 'unreadable':
        // It may have been rewarded, which nobody can say now: it is kept for a person, and the rest goes on.
        this.#deps.log.error({ messageId: message.messageId, why: verdict.why }, 'its ledger record cannot be read');
        return this.#deadLetter(ticket, delivery, 'record-unreadable');
      case 'done':
        return;
      case 'before-start':
        return this.#leave(arrival);
      case 'check':
        await this.#accept(ticket, arrival, () => this.#deps.starter.check(message.messageId, verdict.run));
        return;
      case 'process':
        return this.#start(ticket, arrival, verdict);
    }
  }

  /** It may have been rewarded, and be forgotten by Temporal: without its record nobody can say. Told once for all of them. */
  #withhold({ delivery, message }: Arrival): void {
    if (this.census.unproved > 0) return;
    const fields = { messageId: message.messageId, source: delivery.coordinates };
    this.#deps.log.warn(
      fields,
      'deliveries without a record are withheld until what has closed is restored, as this one',
    );
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

  /**
   * The age index has the message before its workflow does: whoever finds that workflow, another delivery included, may
   * rely on a sweeper finding what it loses.
   */
  async #start(
    ticket: Ticket,
    arrival: Arrival,
    { owner, reason, policyVersion }: Extract<Routed, { verdict: 'process' | 'wait' }>,
  ): Promise<void> {
    const { delivery, message, fingerprint, receivedAt, storedBy } = arrival;
    const decision = { owner, reason, policyVersion };
    const { storedAt } = delivery;
    const times = { receivedAt, storedAt, ...(storedBy !== undefined && { storedBy }) };
    const routed: RoutedMessage = { message, fingerprint, decision, ...times };
    const { ledger, starter, inHand } = this.#deps;
    const { messageId } = message;
    this.#flow.move(ticket, 'starting');
    await this.#pass(ticket, 'ledger', () => ledger.index([messageId]));
    // Before the start: its first task may have run here by the time that the start is answered.
    const left = inHand.take(messageId);
    let eagerly = false;
    try {
      eagerly = (await this.#accept(ticket, arrival, () => starter.start(routed))) === 'started-eagerly';
    } finally {
      if (!eagerly) inHand.leave(messageId);
    }
    if (!eagerly) return;
    this.#flow.move(ticket, 'in-hand');
    void left.then(() => this.#flow.leave(ticket, 'accepted'));
  }

  /** What Temporal or the ledger says against it holds it, unless it is said of this message alone: then it is set aside. */
  async #accept(
    ticket: Ticket,
    arrival: Arrival,
    call: () => Promise<StartResult>,
  ): Promise<StartResult | 'set-aside'> {
    this.#flow.move(ticket, 'starting');
    const concernsAll = (error: unknown): boolean => !refusesThisMessage(readTemporalFault(error));
    let result: StartResult;
    try {
      const inWords = () => call().catch((error: unknown) => Promise.reject(inServersWords(error)));
      result = await this.#pass(ticket, 'temporal', inWords, concernsAll);
    } catch (error) {
      if (concernsAll(error)) throw error;
      await this.#giveUp(ticket, arrival, readTemporalFault(error).words);
      return 'set-aside';
    }
    if (result === 'id-taken') await this.#deadLetter(ticket, arrival.delivery, result);
    else this.#deps.observer.accepted(result);
    return result;
  }

  /** No workflow will ever have it: it is kept as a dead letter, and its record says that a person has to look at it. */
  async #giveUp(ticket: Ticket, { delivery, message: { messageId } }: Arrival, words: string): Promise<void> {
    await this.#deadLetter(ticket, delivery, 'temporal-refuses', words);
    const why = `Temporal refuses its workflow: ${words}`;
    await this.#pass(ticket, 'ledger', () => this.#deps.ledger.strand(messageId, '', why));
  }

  #deadLetter(ticket: Ticket, delivery: Delivery, reason: DeadLetterReason, detail?: string): Promise<void> {
    this.#flow.move(ticket, 'starting');
    const pass: Pass = (dependency, call, mayPass) => this.#pass(ticket, dependency, call, mayPass);
    return this.#setAside.send(delivery, reason, pass, detail);
  }

  /** The gate, for one delivery: no further try is made once its source has withdrawn it. */
  #pass<T>(
    ticket: Ticket,
    dependency: string,
    call: () => Promise<T>,
    mayPass?: (error: unknown) => boolean,
  ): Promise<T> {
    return this.#gate.pass(dependency, call, mayPass, () => ticket.throwIfEnded());
  }
}
