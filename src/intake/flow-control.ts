import { untilWoken, wakeAll } from '../async/until-woken.js';
import { type Census, type FlowBounds, permit, STAGE_NAMES, type Stage, taken } from '../domain/flow/flow.js';

/** `outside`: it has not come in yet, or is done with. */
export type Whereabouts = Stage | 'outside';

export interface FlowControlOptions {
  readonly bounds: FlowBounds;
  readonly throttled: () => boolean;
  /** Whether a recovery of the ledger has still to end. Default: none has. */
  readonly recovering?: () => boolean;
}

/** One delivery on its way. Only the flow moves it where it has to wait. */
export class Ticket {
  /** Counts up: the oldest goes first. */
  readonly number: number;
  stage: Whereabouts = 'outside';
  /** Since when it is in that stage (monotonic clock, ms). */
  since = performance.now();
  /** Why it is not to go on: its source has withdrawn it, or intake stops. */
  ended: Error | undefined;
  #going: { readonly on: (stage: Whereabouts) => void; readonly away: (why: Error) => void } | undefined;

  constructor(number: number) {
    this.number = number;
  }

  get isWaiting(): boolean {
    return this.#going !== undefined;
  }

  /** @throws what ended it. */
  throwIfEnded(): void {
    if (this.ended !== undefined) throw this.ended;
  }

  whenGoing(): Promise<Whereabouts> {
    return new Promise((on, away) => {
      this.#going = { on, away };
    });
  }

  goOn(): void {
    const going = this.#going;
    this.#going = undefined;
    going?.on(this.stage);
  }

  turnAway(why: Error): void {
    const going = this.#going;
    this.#going = undefined;
    going?.away(why);
  }
}

/**
 * The deliveries of one process, each in its stage, moved on as `domain/flow/flow.ts` permits. Nothing else in intake bounds
 * them, so nothing else can keep them waiting.
 */
export class FlowControl {
  readonly #bounds: FlowBounds;
  readonly #throttled: () => boolean;
  readonly #recovering: () => boolean;
  readonly #stages = new Map<Stage, Set<Ticket>>(STAGE_NAMES.map((stage) => [stage, new Set()]));
  readonly #fetchers = new Set<() => void>();
  #numbers = 0;
  #accepted = 0;
  #stopped: Error | undefined;

  constructor({ bounds, throttled, recovering = () => false }: FlowControlOptions) {
    this.#bounds = bounds;
    this.#throttled = throttled;
    this.#recovering = recovering;
  }

  get census(): Census {
    return Object.fromEntries([...this.#stages].map(([stage, tickets]) => [stage, tickets.size])) as Record<
      Stage,
      number
    >;
  }

  get inFlight(): number {
    return taken(this.census, 'place');
  }

  /** How many were accepted since the start. */
  get accepted(): number {
    return this.#accepted;
  }

  /** Since when the oldest delivery of each stage is in it (monotonic clock, ms); nothing of a stage in which there is none. */
  get oldest(): Partial<Record<Stage, number>> {
    const stages = [...this.#stages].filter(([, tickets]) => tickets.size > 0);
    // Tickets are added as they come, so the first one of a stage has been in it for the longest.
    return Object.fromEntries(stages.map(([stage, tickets]) => [stage, firstOf(tickets)?.since]));
  }

  /** Resolves with how many deliveries may be fetched, once that is one at least. Rejects with the signal's reason. */
  async whenFetching(signal: AbortSignal): Promise<number> {
    for (;;) {
      signal.throwIfAborted();
      if (this.#stopped !== undefined) throw this.#stopped;
      const fetch = this.mayFetch;
      if (fetch > 0) return fetch;
      await untilWoken(this.#fetchers, signal);
    }
  }

  get mayFetch(): number {
    return this.#permit().fetch;
  }

  /** For a delivery that has come. It enters with {@link wait}. */
  admit(): Ticket {
    this.#numbers += 1;
    const ticket = new Ticket(this.#numbers);
    ticket.ended = this.#stopped;
    return ticket;
  }

  /**
   * Gives back what the delivery holds and waits, from now on, in that stage. Resolves with the stage in which there is
   * something to do for it; `outside`: it was accepted meanwhile. Rejects with what ended it.
   */
  wait(
    ticket: Ticket,
    stage: Extract<Stage, 'arrived' | 'queued' | 'held' | 'unproved' | 'due'>,
  ): Promise<Whereabouts> {
    if (ticket.ended !== undefined) return Promise.reject(ticket.ended);
    const going = ticket.whenGoing();
    this.#put(ticket, stage);
    this.pump();
    return going;
  }

  /**
   * Moves a delivery on to a stage that needs what it holds already.
   * @throws what ended it.
   */
  move(ticket: Ticket, stage: 'starting' | 'in-hand'): void {
    if (stage === 'in-hand') this.#accepted += 1;
    else ticket.throwIfEnded();
    this.#put(ticket, stage);
    this.pump();
  }

  /** Ends its wait for its owner: that had its time, or is proved past it. */
  sendOn(ticket: Ticket): void {
    if (!ticket.isWaiting) return;
    this.#put(ticket, 'due');
    this.pump();
  }

  /** It is done with: accepted, or not to be accepted here. */
  leave(ticket: Ticket, how: 'accepted' | 'rejected'): void {
    if (ticket.stage === 'outside') return;
    if (how === 'accepted' && ticket.stage !== 'in-hand') this.#accepted += 1;
    this.#put(ticket, 'outside');
    ticket.goOn();
    this.pump();
  }

  /**
   * Its source has withdrawn it. What it waits for or lingers with is free at once. A call that is on its way holds its
   * place until it ends, as the work is being done; no further step follows.
   */
  withdraw(ticket: Ticket, why: Error): void {
    this.#end(ticket, why);
    this.pump();
  }

  /** Turns away whatever waits, now and later. */
  stop(why: Error): void {
    this.#stopped = why;
    for (const tickets of this.#stages.values()) for (const ticket of [...tickets]) this.#end(ticket, why);
    wakeAll(this.#fetchers);
  }

  /** Moves on whoever may. To be called when a bound or a hold may have ended, other than by a move of the flow itself. */
  pump(): void {
    for (const { from, to, count } of this.#permit().moves) {
      for (const ticket of oldestOf(this.#in(from), count)) {
        this.#put(ticket, to);
        // Who lingers goes on to wait for its owner.
        if (to !== 'lingering') ticket.goOn();
      }
    }
    if (this.mayFetch > 0) wakeAll(this.#fetchers);
  }

  #permit(): ReturnType<typeof permit> {
    return permit({
      census: this.census,
      bounds: this.#bounds,
      throttled: this.#throttled(),
      recovering: this.#recovering(),
    });
  }

  #in(stage: Stage): Set<Ticket> {
    return this.#stages.get(stage) as Set<Ticket>;
  }

  #put(ticket: Ticket, stage: Whereabouts): void {
    if (ticket.stage !== 'outside') this.#in(ticket.stage).delete(ticket);
    ticket.stage = stage;
    ticket.since = performance.now();
    if (stage !== 'outside') this.#in(stage).add(ticket);
  }

  #end(ticket: Ticket, why: Error): void {
    ticket.ended ??= why;
    if (!ticket.isWaiting) return;
    this.#put(ticket, 'outside');
    ticket.turnAway(why);
  }
}

function firstOf<T>(items: Iterable<T>): T | undefined {
  for (const item of items) return item;
  return undefined;
}

/** In the order of their arrival, so that what holds back a broker's position goes first. */
function oldestOf(tickets: ReadonlySet<Ticket>, count: number): readonly Ticket[] {
  return [...tickets].sort((one, other) => one.number - other.number).slice(0, count);
}
