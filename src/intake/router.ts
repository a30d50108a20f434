import type { Delivery } from '../brokers/source.js';
import { bucketOf, fingerprintOf } from '../domain/message/bucket.js';
import type { Message } from '../domain/message/message.js';
import { isBeyondMemory } from '../domain/message/retention.js';
import { BEFORE_START, ruleOfStart } from '../domain/policy/start.js';
import type { Side } from '../domain/side.js';
import type { Ledger, RouteRequest } from '../ledger/ledger.js';
import type { CurrentPolicy, PolicyCache } from '../ledger/redis/stores/policy-cache.js';
import type { RouteVerdict } from '../ledger/verdicts.js';
import type { Gate } from './gate.js';

/** A delivery that can be a message, with what routing looks at. */
export interface Arrival {
  readonly delivery: Delivery;
  readonly message: Message;
  readonly fingerprint: string;
  readonly bucket: number;
  /** Redis time, ms since the epoch. */
  readonly receivedAt: number;
  /** The broker had stored it by then; Redis time, ms since the epoch. */
  readonly storedBy?: number;
}

/** What a side does with a delivery, decided by a policy that was fresh. */
export type Routed = Exclude<RouteVerdict, { verdict: 'stale-policy' }>;

export interface RouterDependencies {
  readonly side: Side;
  readonly rules: {
    readonly migration: string;
    readonly cutoverKey: 'messageId' | 'businessId';
    readonly checkAfterMs: number;
    readonly memoryMs: number;
    readonly witnessMs: number;
    /** While the ledger is partial: what a broker stored later than this long ago Temporal surely witnesses (ms). */
    readonly surelyWitnessedMs: number;
  };
  readonly ledger: Pick<Ledger, 'route' | 'index'>;
  readonly policy: Pick<PolicyCache, 'whenKnown' | 'refresh' | 'redisNow'>;
  readonly ledgerIsWhole: (signal: AbortSignal) => Promise<boolean>;
  /** Whether what has closed is still being entered into the ledger anew. */
  readonly isRecovering: () => boolean;
  readonly gate: Gate;
  readonly stopping: AbortSignal;
  /** Told of every answer of the ledger, also of those that a stale policy made useless. */
  readonly onVerdict: (verdict: RouteVerdict['verdict']) => void;
}

/** Verdicts on a message that the ledger has a record of and that nobody is known to have settled. */
const INDEXED: ReadonlySet<RouteVerdict['verdict'] | undefined> = new Set([
  'process',
  'wait',
  'check',
  'unreadable',
] as const);

/** Asks the ledger whose a message is, and what this side has to do with its delivery. */
export class Router {
  readonly #deps: RouterDependencies;

  constructor(deps: RouterDependencies) {
    this.#deps = deps;
  }

  identify(delivery: Delivery, message: Message): Arrival {
    const { rules, policy } = this.#deps;
    const key = rules.cutoverKey === 'businessId' ? (message.businessId ?? message.messageId) : message.messageId;
    const redisAheadMs = policy.redisNow() - Date.now();
    const by = delivery.brokerTime?.by;
    return {
      delivery,
      message,
      fingerprint: fingerprintOf(message.body),
      bucket: bucketOf(rules.migration, key),
      receivedAt: delivery.receivedAt + redisAheadMs,
      ...(by !== undefined && { storedBy: by + redisAheadMs }),
    };
  }

  /**
   * Routes a batch in one pipeline. What a stale policy kept from being decided is asked again with a fresh one. And what
   * Temporal may have forgotten has no witness but the ledger: where that has no record, it is asked again once it has
   * been seen to be whole, as it could have lost everything a moment ago. While the ledger is partial, one without a record is
   * decided only if Temporal surely witnesses it; any other is `unproved`.
   */
  async route(arrivals: readonly Arrival[]): Promise<Routed[]> {
    const { ledger, policy, gate, stopping, onVerdict, ledgerIsWhole } = this.#deps;
    const answers = new Map<Arrival, Routed>();
    const believed = new Set<Arrival>();
    let open = arrivals;
    while (open.length > 0) {
      const routed = await gate.pass('ledger', async () => {
        const known = await policy.whenKnown(stopping);
        const requests = open.map((arrival) => this.#requestOf(arrival, known, believed.has(arrival)));
        const verdicts = await ledger.route(requests);
        await this.#index(requests, verdicts);
        return requests.map((request, index) => leftToKafka(request, verdicts[index] as RouteVerdict));
      });
      const stale: Arrival[] = [];
      const unproved: Arrival[] = [];
      open.forEach((arrival, index) => {
        const verdict = routed[index] as RouteVerdict;
        const byLedgerAlone = !believed.has(arrival) && this.#hasNoOtherWitness(arrival);
        if (verdict.verdict === 'too-old' && byLedgerAlone) {
          unproved.push(arrival);
          return;
        }
        onVerdict(verdict.verdict);
        if (verdict.verdict === 'stale-policy') stale.push(arrival);
        else answers.set(arrival, verdict);
      });
      if (stale.length > 0) await gate.pass('policy', () => policy.refresh());
      const isWhole = unproved.length === 0 || (await ledgerIsWhole(stopping));
      if (isWhole) for (const arrival of unproved) believed.add(arrival);
      open = [...stale, ...unproved];
    }
    return arrivals.map((arrival) => answers.get(arrival) as Routed);
  }

  /**
   * Whatever may stay unsettled is in the age index before its delivery can be acknowledged, also while that lingers or is
   * held: what a fault of a client acknowledges too early is then found by a sweeper.
   */
  async #index(requests: readonly RouteRequest[], verdicts: readonly RouteVerdict[]): Promise<void> {
    const unsettled = requests.filter((_, index) => INDEXED.has(verdicts[index]?.verdict));
    if (unsettled.length > 0) await this.#deps.ledger.index(unsettled.map(({ messageId }) => messageId));
  }

  #isOlderThan(limit: 'memoryMs' | 'witnessMs' | 'surelyWitnessedMs', { delivery }: Arrival): boolean {
    const { rules, policy } = this.#deps;
    return isBeyondMemory(delivery.storedAt, policy.redisNow(), rules[limit]);
  }

  #hasNoOtherWitness(arrival: Arrival): boolean {
    return this.#isOlderThan('witnessMs', arrival) && !this.#isOlderThan('memoryMs', arrival);
  }

  /**
   * Only the broker's own time proves it: by a producer's, a message that lies about its age would be paid a second time. But
   * a topic that was restored, or mirrored, has old messages stored anew: one that bears an old time is believed in that.
   */
  #isSurelyWitnessed(arrival: Arrival): boolean {
    const after = arrival.delivery.brokerTime?.after;
    const isStoredOfLate = after !== undefined && Date.now() - after <= this.#deps.rules.surelyWitnessedMs;
    return isStoredOfLate && !this.#isOlderThan('surelyWitnessedMs', arrival);
  }

  #requestOf(arrival: Arrival, known: CurrentPolicy, believed: boolean): RouteRequest {
    const { side, rules, isRecovering } = this.#deps;
    const { delivery, message, fingerprint, bucket } = arrival;
    const { start, version } = known.policy;
    const rule = ruleOfStart(start, delivery);
    return {
      messageId: message.messageId,
      side,
      fingerprint,
      decision:
        rule === 'kafka-owns'
          ? { owner: 'kafka', reason: BEFORE_START, policyVersion: version }
          : known.decide({ businessId: message.businessId, bucket }),
      validUntil: known.validUntil,
      checkAfterMs: rules.checkAfterMs,
      beyondMemory: this.#isOlderThan('memoryMs', arrival) || (!believed && this.#hasNoOtherWitness(arrival)),
      unproved: isRecovering() && !this.#isSurelyWitnessed(arrival),
      beforeStart: rule === 'acknowledge',
      coordinates: delivery.coordinates,
    };
  }
}

/** A message of before the start that the ledger knows and `kafka` has not claimed yet: `rocketmq` does not wait for it. */
function leftToKafka({ side, beforeStart }: RouteRequest, verdict: RouteVerdict): RouteVerdict {
  if (side !== 'rocketmq' || verdict.verdict !== 'wait') return verdict;
  return beforeStart || verdict.reason === BEFORE_START ? { verdict: 'before-start' } : verdict;
}

/** Routes what comes in the same turn of the event loop in one pipeline, whoever brings it. */
export class RouteBatch {
  readonly #router: Pick<Router, 'route'>;
  #open: { readonly arrivals: Arrival[]; readonly verdicts: Promise<Routed[]> } | undefined;

  constructor(router: Pick<Router, 'route'>) {
    this.#router = router;
  }

  async route(arrival: Arrival): Promise<Routed> {
    this.#open ??= this.#begin();
    const { arrivals, verdicts } = this.#open;
    const index = arrivals.push(arrival) - 1;
    return (await verdicts)[index] as Routed;
  }

  #begin(): { arrivals: Arrival[]; verdicts: Promise<Routed[]> } {
    const arrivals: Arrival[] = [];
    const verdicts = Promise.resolve().then(() => {
      this.#open = undefined;
      return this.#router.route(arrivals);
    });
    return { arrivals, verdicts };
  }
}
