import { type Holding, holdsNothingOf, type OthersHolding } from '../../domain/message/holding.js';
import { thinned } from '../thinned.js';

interface Candidate {
  readonly past: number;
  readonly observedAt: number;
}

/** Candidates closer together than this would only cost memory, as would more of them: the older ones are thinned out. */
const CANDIDATE_SPACING_MS = 250;
const MAX_CANDIDATES = 240;

/** How long the broker takes at most, once its invisibility time is over, until a message has come again to somebody. */
const REVIVAL_MS = 5_000;
/** How long a process may go on keeping what it holds after the last word that is heard of it. */
const LAST_WORD_MS = 5_000;

/**
 * The past of a RocketMQ consumer group, as each of its processes can know it (see `Source.past`). A queue's past is the
 * latest of: the store time of something it handed out for the first time, as it hands out in order; the start of a long
 * poll of its broker that found nothing. The oldest of the queues' is a candidate: all of it was handed out when that was
 * observed, to this process or to another. It counts once
 *
 * - an invisibility time has gone by, in which what a process took before and lost came again to one of them,
 * - each process has said since that it holds nothing that was handed out before, or that came again. One that says
 *   nothing any more holds what it had until its invisibility time has gone by, and then the others are asked.
 *
 * All times are in ms, by the clock of this machine.
 */
export class RocketmqPast {
  readonly #invisibilityMs: number;
  readonly #queues = new Map<string, number>();
  readonly #polls = new Set<{ readonly startedAt: number }>();
  #known: readonly string[] = [];
  #candidates: Candidate[] = [];
  #gaveBackAt: number | undefined;
  #past: number | undefined;

  constructor(invisibilityMs: number) {
    this.#invisibilityMs = invisibilityMs;
  }

  /** @param queues all queues of the topic, `<broker>/<queue>`; while there are none, nothing is past. */
  route(queues: readonly string[]): void {
    this.#known = queues;
  }

  /** A poll has begun: what it brings may be on its way until the answer is called. */
  pollBegan(startedAt: number): () => void {
    const poll = { startedAt };
    this.#polls.add(poll);
    return () => this.#polls.delete(poll);
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
  gaveBack(now: number): void {
    this.#gaveBackAt = now;
    this.#candidates = [];
  }

  /** What the others told was lost: nothing that was observed counts before they have had the time to tell it again. */
  othersUnknown(): void {
    this.#candidates = [];
  }

  /** @param pendingSince see {@link Holding.since}, of what is pending here. */
  holding(pendingSince: number | undefined): Holding {
    const since = [
      ...[...this.#polls].map(({ startedAt }) => startedAt),
      ...(pendingSince === undefined ? [] : [pendingSince]),
    ];
    return {
      ...(since.length > 0 && { since: Math.min(...since) }),
      ...(this.#gaveBackAt !== undefined && { gaveBackAt: this.#gaveBackAt }),
    };
  }

  /**
   * @param pendingSince see {@link Holding.since}, of what is pending here.
   * @param others what every other process of the group has told last.
   */
  value(now: number, pendingSince: number | undefined, others: readonly OthersHolding[] = []): number | undefined {
    const here: OthersHolding = { ...this.holding(pendingSince), at: now };
    const heard = [here, ...others.filter(({ at }) => now - at < this.#goneAfterMs)];
    /** What the silent ones held has come again to one of those that are heard. */
    const cameAgainAt = Math.max(
      ...others.map(({ at }) => (now - at < this.#goneAfterMs ? 0 : at + this.#goneAfterMs)),
      0,
    );
    const ripe = this.#candidates.findLastIndex(({ observedAt }) => {
      const settledAt = Math.max(observedAt + this.#invisibilityMs + REVIVAL_MS, cameAgainAt);
      return heard.every((holding) => holding.at >= settledAt && holdsNothingOf(holding, observedAt));
    });
    if (ripe !== -1) {
      this.#past = this.#candidates[ripe]?.past;
      this.#candidates = this.#candidates.slice(ripe + 1);
    }
    return this.#past;
  }

  /** What it held has come again by then, to somebody whose word counts. */
  get #goneAfterMs(): number {
    return this.#invisibilityMs + REVIVAL_MS + LAST_WORD_MS;
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
