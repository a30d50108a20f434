import type { LedgerRecord } from '../../../domain/ledger/record.js';
import { SIDES, type Side } from '../../../domain/side.js';
import type { Plan, Planned } from '../plan.js';

/** How far one side has come with what was published in one phase. */
export interface Tally {
  /** Copies that the side's broker was given, repeats and poison included. */
  readonly published: number;
  /** Messages that the side owns. */
  readonly owned: number;
  readonly granted: number;
  readonly refused: number;
  /** Attempts at the reward that repeated one that was turned away. */
  readonly retried: number;
  readonly parked: number;
  /** Poison messages on the side's dead-letter topic. */
  readonly deadLettered: number;
}

/** Tallies by phase and side. */
export type Tallies = readonly Readonly<Record<Side, Tally>>[];

export interface TallyInput {
  readonly plan: Plan;
  /** Copies published so far, by phase and side. */
  readonly published: readonly Readonly<Record<Side, number>>[];
  readonly records: ReadonlyMap<string, LedgerRecord>;
  readonly deadLetters: Readonly<Record<Side, ReadonlySet<string>>>;
}

/** Counts, for each phase and side, what became of what was published first in that phase. */
export function tallyUp({ plan, published, records, deadLetters }: TallyInput): Tallies {
  return plan.phases.map((_, phase) => {
    const owned = plan.messages.flatMap(({ messageId, phase: own }) => {
      const record = own === phase ? records.get(messageId) : undefined;
      return record === undefined ? [] : [record];
    });
    const tags = plan.poison.filter((poison) => poison.phase === phase).map(({ tag }) => tag);
    const tallyOf = (side: Side): Tally => ({
      published: published[phase]?.[side] ?? 0,
      ...tallyRecords(owned.filter(({ owner }) => owner === side)),
      deadLettered: tags.filter((tag) => deadLetters[side].has(tag)).length,
    });
    return { kafka: tallyOf('kafka'), rocketmq: tallyOf('rocketmq') };
  });
}

function tallyRecords(records: readonly LedgerRecord[]): Omit<Tally, 'published' | 'deadLettered'> {
  const count = (test: (record: LedgerRecord) => boolean): number => records.filter(test).length;
  return {
    owned: records.length,
    granted: count(({ outcome }) => outcome === 'granted'),
    refused: count(({ outcome }) => outcome === 'refused'),
    retried: records.reduce((sum, { attempt }) => sum + Math.max(attempt - 1, 0), 0),
    parked: count(({ state }) => state === 'parked'),
  };
}

/** Counts copies as they are handed to the producers. */
export class PublishedCount {
  readonly #copies: Record<Side, number>[];
  #handed = 0;

  constructor(phases: number) {
    this.#copies = Array.from({ length: phases }, () => ({ kafka: 0, rocketmq: 0 }));
  }

  get copies(): readonly Readonly<Record<Side, number>>[] {
    return this.#copies;
  }

  /** What was handed to the producers, repeats and poison included. */
  get handed(): number {
    return this.#handed;
  }

  add(phase: number, { sides }: Planned): void {
    this.#handed += 1;
    const copies = this.#copies[phase];
    if (copies === undefined) return;
    for (const side of SIDES) if (sides.includes(side)) copies[side] += 1;
  }
}
