import { afterRouting } from '../../domain/flow/flow.js';
import { otherSide, type Side } from '../../domain/side.js';
import type { Ledger } from '../../ledger/ledger.js';
import type { PolicyCache } from '../../ledger/redis/stores/policy-cache.js';
import type { FlowControl, Ticket, Whereabouts } from '../flow-control.js';
import type { Gate } from '../gate.js';
import type { Arrival } from '../router.js';
import { OwnerWatch } from './owner-watch.js';
import type { Throttle } from './throttle.js';

export interface OtherSideOptions {
  readonly side: Side;
  readonly rules: { readonly lingerMs: number; readonly lingering: number };
  readonly ledger: Pick<Ledger, 'ownerProgress'>;
  readonly policy: Pick<PolicyCache, 'current'>;
  readonly otherSideLives: () => boolean;
  readonly ownerIsPast: (arrival: Arrival) => boolean;
  readonly throttle: Pick<Throttle, 'enter'>;
  readonly flow: FlowControl;
  readonly gate: Gate;
}

/** What is to be done for a delivery that the other side owns: `route` it anew, as a hold has ended meanwhile. */
export type Turn = 'start' | 'route' | 'accepted';

/** Brings the deliveries that the other side owns to where a workflow is to be started for them, or not any more. */
export class OtherSide {
  readonly #options: OtherSideOptions;
  readonly #watch: OwnerWatch;

  constructor(options: OtherSideOptions) {
    this.#options = options;
    const { ledger, side, rules, flow } = options;
    this.#watch = new OwnerWatch({
      ledger,
      owner: otherSide(side),
      lingerMs: rules.lingerMs,
      ownerIsPast: (arrival) => this.#ownerIsPast(arrival),
      flow,
    });
  }

  stop(): void {
    this.#watch.stop();
  }

  /** For one that has just been routed; `again`, as a hold has ended. Rejects with what ended it. */
  async takeTurn(ticket: Ticket, arrival: Arrival, again: boolean): Promise<Turn> {
    const { flow } = this.#options;
    const next = afterRouting({ ownerIsPast: this.#ownerIsPast(arrival), lingers: this.#lingers && !again });
    if (next === 'starting') flow.move(ticket, next);
    let stage: Whereabouts = next === 'starting' ? next : await this.#wait(ticket, arrival, next);
    while (stage === 'starting') {
      if (await this.#hasRoom(ticket, arrival)) return 'start';
      stage = await this.#wait(ticket, arrival, 'held');
    }
    return stage === 'outside' ? 'accepted' : 'route';
  }

  get #lingers(): boolean {
    const { otherSideLives, rules } = this.#options;
    return rules.lingerMs > 0 && rules.lingering > 0 && otherSideLives();
  }

  #wait(ticket: Ticket, arrival: Arrival, stage: 'queued' | 'held'): Promise<Whereabouts> {
    return this.#watch.during(ticket, arrival, this.#options.flow.wait(ticket, stage));
  }

  /** Where the policy keeps this side from adopting, its run would wait for the other side like any other. */
  #ownerIsPast(arrival: Arrival): boolean {
    const { policy, side, ownerIsPast } = this.#options;
    const known = policy.current()?.policy;
    if (known === undefined || (known.consumption === 'off' && side === 'rocketmq')) return false;
    return ownerIsPast(arrival);
  }

  /** Whether one more may wait for the other side. One that its owner is past waits for nobody. */
  async #hasRoom(ticket: Ticket, arrival: Arrival): Promise<boolean> {
    const { gate, throttle } = this.#options;
    if (this.#ownerIsPast(arrival)) return true;
    const enter = (): Promise<boolean> => throttle.enter(arrival.message.messageId);
    return gate.pass('ledger', enter, undefined, () => ticket.throwIfEnded());
  }
}
