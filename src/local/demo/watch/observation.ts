import { setTimeout as pause } from 'node:timers/promises';
import type { Plan } from '../plan.js';
import type { DeadLetterWatch } from './dead-letter-watch.js';
import type { LedgerWatch } from './ledger-watch.js';
import type { LiveView } from './live-view.js';
import { type PublishedCount, tallyUp } from './tally.js';

export interface ObservationOptions {
  readonly plan: Plan;
  readonly ledger: LedgerWatch;
  readonly deadLetters: DeadLetterWatch;
  readonly published: PublishedCount;
  readonly view: LiveView;
}

const LOOK_EVERY_MS = 1_000;

/**
 * Nothing more is expected when nothing has happened for so long: adoption may take a minute, and what a worker that was
 * killed had in hand comes to an end well within that.
 */
const STILL_MS = 90_000;

/** Watches a run from outside, by the ledger and the dead-letter topics, and shows what it sees. */
export class Observation {
  readonly #options: ObservationOptions;

  constructor(options: ObservationOptions) {
    this.#options = options;
  }

  /** Shows how it is getting on until the work is done. Rejects as the work does. */
  async during(work: Promise<void>, phase: number, status: () => string): Promise<void> {
    let done = false;
    const finished = work.finally(() => {
      done = true;
    });
    // It may reject during a look; it is awaited below.
    finished.catch(() => undefined);
    while (!done) {
      await this.#look(phase, status());
      await Promise.race([finished, pause(LOOK_EVERY_MS)]);
    }
    await finished;
  }

  /**
   * Watches until every message has come to an end and every poison message is on its dead-letter topics. Ends without
   * that when nothing has happened for {@link STILL_MS}; what is missing then is for the judge.
   */
  async untilComplete(phase: number, status: (open: number) => string, signal: AbortSignal): Promise<void> {
    const { ledger } = this.#options;
    let [seen, changedAt] = [-1, performance.now()];
    while (performance.now() - changedAt < STILL_MS) {
      signal.throwIfAborted();
      await this.#look(phase, status(ledger.open));
      const missing = this.#missingDeadLetters();
      if (ledger.open === 0 && missing === 0) return;
      const changes = ledger.changes - missing;
      if (changes !== seen) [seen, changedAt] = [changes, performance.now()];
      // Aborted, it rejects with an error of its own; the reason is thrown above.
      await pause(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  async #look(phase: number, status: string): Promise<void> {
    const { plan, ledger, deadLetters, published, view } = this.#options;
    await ledger.look();
    const tallies = tallyUp({
      plan,
      published: published.copies,
      records: ledger.records,
      deadLetters: deadLetters.found,
    });
    view.show(tallies, phase, status);
  }

  #missingDeadLetters(): number {
    const { plan, deadLetters } = this.#options;
    const expected = plan.poison.flatMap(({ tag, sides }) => sides.map((side) => ({ tag, side })));
    return expected.filter(({ tag, side }) => !deadLetters.found[side].has(tag)).length;
  }
}
