import { thinned } from './thinned.js';

interface Candidate {
  readonly past: number;
  readonly observedAt: number;
}

/** Candidates closer together than this would only cost memory, as would more of them: the older ones are thinned out. */
const CANDIDATE_SPACING_MS = 250;
const MAX_CANDIDATES = 240;

/**
 * The past of a RocketMQ consumer group as one of its consumers can know it (see `Source.past`). A queue's past is the
 * latest of: the store time of something it handed out for the first time, as it hands out in order; the start of a long
 * poll of its broker that found nothing. The oldest of the queues' is a candidate. It counts once an invisibility time
 * has gone by, in which what another consumer of the group took before and lost came back, and once nothing that this
 * one received before is pending. All times are in ms.
 */
export class RocketmqPast {
  readonly #invisibilityMs: number;
  readonly #queues = new Map<string, number>();
  #known: readonly string[] = [];
  #candidates: Candidate[] = [];
  #past: number | undefined;

  constructor(invisibilityMs: number) {
    this.#invisibilityMs = invisibilityMs;
  }

  /** @param queues all queues of the topic, `<broker>/<queue>`; while there are none, nothing is past. */
  route(queues: readonly string[]): void {
    this.#known = queues;
  }

  /** Call for deliveries that came for the first time only: a redelivery says nothing about its queue. */
  handedOut(queue: string, storedAt: number, now: number): void {
    this.#advance(queue, storedAt);
    this.#observe(now);
  }

  /** A long poll of the broker, begun at `startedAt`, found nothing in any of its queues. */
  foundEmpty(broker: string, startedAt: number, now: number): void {
    for (const queue of this.#known) {
      if (queue.startsWith(`${broker}/`)) this.#advance(queue, startedAt);
    }
    this.#observe(now);
  }

  /** A delivery went back to the broker: what was observed while it was here says nothing about it. */
  gaveBack(): void {
    this.#candidates = [];
  }

  /** @param oldestPending when the oldest delivery that is pending here was received, if there is one. */
  value(now: number, oldestPending: number | undefined): number | undefined {
    const ripe = this.#candidates.findLastIndex(
      ({ observedAt }) =>
        now - observedAt >= this.#invisibilityMs && (oldestPending === undefined || oldestPending > observedAt),
    );
    if (ripe !== -1) {
      this.#past = this.#candidates[ripe]?.past;
      this.#candidates = this.#candidates.slice(ripe + 1);
    }
    return this.#past;
  }

  #advance(queue: string, past: number): void {
    this.#queues.set(queue, Math.max(past, this.#queues.get(queue) ?? 0));
  }

  #observe(now: number): void {
    const last = this.#candidates.at(-1);
    if (this.#known.length === 0 || (last !== undefined && now - last.observedAt < CANDIDATE_SPACING_MS)) return;
    const pasts = this.#known.map((queue) => this.#queues.get(queue));
    const past = pasts.reduce((least, next) =>
      least === undefined || next === undefined ? undefined : Math.min(least, next),
    );
    if (past === undefined || past <= (last?.past ?? this.#past ?? 0)) return;
    this.#candidates = thinned([...this.#candidates, { past, observedAt: now }], MAX_CANDIDATES);
  }
}
