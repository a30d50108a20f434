import type { Output, Progress } from '../../../domain/output.js';
import { SIDES } from '../../../domain/side.js';
import type { MessageState } from '../../../workflows/names.js';
import type { LocalStack } from '../../stack/state.js';
import { PERCENTAGES } from '../plan.js';
import type { Tallies, Tally } from './tally.js';

const COLUMNS = ['published', 'owned', 'granted', 'refused', 'retried', 'parked', 'deadLettered'] as const;

const HEADINGS: Readonly<Record<(typeof COLUMNS)[number], string>> = {
  published: 'published',
  owned: 'owned',
  granted: 'granted',
  refused: 'refused',
  retried: 'retried',
  parked: 'parked',
  deadLettered: 'dead-lettered',
};

/** Where nothing can be redrawn, a line is printed this often, in ms. */
const LINE_EVERY_MS = 5_000;

/** Shows how a run is getting on: a table that is redrawn on a terminal, else a line now and then. */
export class LiveView {
  readonly #output: Output;
  readonly #redraws: boolean;
  readonly #progress: Progress;
  #lastLineAt = Number.NEGATIVE_INFINITY;
  #lastPhase = 0;

  constructor(output: Output, redraws: boolean) {
    this.#output = output;
    this.#redraws = redraws;
    this.#progress = output.progress();
  }

  /** `phase` is the one being published; `status` says in a few words what goes on. */
  show(tallies: Tallies, phase: number, status: string): void {
    if (this.#redraws) {
      for (const [index, row] of tableOf(tallies).entries()) this.#progress.set(`row ${index}`, row);
      this.#progress.set('status', status);
      return;
    }
    const ended = phase === this.#lastPhase ? [] : linesOf(tallies, this.#lastPhase);
    if (ended.length === 0 && performance.now() - this.#lastLineAt < LINE_EVERY_MS) return;
    [this.#lastLineAt, this.#lastPhase] = [performance.now(), phase];
    for (const line of [...ended, status, ...linesOf(tallies, phase)]) this.#output.say(line);
  }

  /** Leaves on the screen what is there. */
  end(): void {
    this.#progress.end();
  }
}

/** One row for each phase and side, under a row of headings. */
export function tableOf(tallies: Tallies): readonly string[] {
  const head = ['phase'.padEnd(7), 'side'.padEnd(8), ...COLUMNS.map((column) => HEADINGS[column])].join(' ');
  const rows = tallies.flatMap((sides, phase) =>
    SIDES.map((side, nth) => {
      const percentage = nth === 0 ? `${String(PERCENTAGES[phase]).padStart(5)} %` : '';
      return [percentage.padEnd(7), side.padEnd(8), ...COLUMNS.map((column) => cell(sides[side], column))].join(' ');
    }),
  );
  return [head, ...rows];
}

function cell(tally: Tally, column: (typeof COLUMNS)[number]): string {
  return String(tally[column]).padStart(HEADINGS[column].length);
}

/** A line for each side of one phase. */
export function linesOf(tallies: Tallies, phase: number): readonly string[] {
  const sides = tallies[phase];
  if (sides === undefined) return [];
  return SIDES.map((side) => {
    const counts = COLUMNS.map((column) => `${sides[side][column]} ${HEADINGS[column]}`);
    return `  ${PERCENTAGES[phase]} %  ${side}: ${counts.join(', ')}`;
  });
}

/** Temporal Web UI's list of the workflows in a state. */
export function workflowsUrl({ ui, namespace }: LocalStack['temporal'], state: MessageState): string {
  const query = encodeURIComponent(`HandoverState="${state}"`);
  return `${ui}/namespaces/${namespace}/workflows?query=${query}`;
}

/** Where a person watches what does not go the straight way. */
export function describeLinks(temporal: LocalStack['temporal']): readonly string[] {
  const states = ['retrying', 'waiting', 'adopted', 'parked'] as const;
  return states.map((state) => `  ${state.padEnd(10)}${workflowsUrl(temporal, state)}`);
}
