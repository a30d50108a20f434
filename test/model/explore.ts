import type { World } from './design.js';
import { keyOf } from './key.js';
import { createModelLedger } from './ledger.js';
import { type Broken, brokenBy, brokenWhenQuiet } from './promises.js';
import { reduce } from './reduce.js';
import { attemptSteps } from './rules/attempt.js';
import { consumerFaults, faultSteps, rollBack, takeEffect } from './rules/faults.js';
import { deliveriesInPassing, intakeSteps } from './rules/intake.js';
import { runLateStep } from './rules/late-steps.js';
import { personSteps } from './rules/operator.js';
import type { Rules, Step } from './rules/step.js';
import { sweeperSteps } from './rules/sweeper.js';
import { workflowSteps } from './rules/workflow.js';
import { INITIAL, type State } from './state.js';

export interface Counterexample {
  readonly broken: Broken;
  /** What happened, from the first delivery on. */
  readonly steps: readonly string[];
  readonly end: State;
}

export interface Exploration {
  readonly states: number;
  /** The rows of the state table that were taken. */
  readonly walked: ReadonlySet<string>;
  /** The shortest way to each way of breaking a promise, the shortest first. */
  readonly found: readonly Counterexample[];
}

/** Everything that may happen next. */
export function stepsFrom(rules: Rules, s: State): Step[] {
  const passing = deliveriesInPassing(rules, s);
  if (passing.length > 0) return [...passing, ...consumerFaults(rules, s)];
  const steps = [
    ...intakeSteps(rules, s),
    ...workflowSteps(rules, s),
    ...attemptSteps(rules, s),
    ...sweeperSteps(rules, s),
    ...personSteps(rules, s),
    ...runLateStep(rules, s),
    ...rollBack(rules, s),
    ...takeEffect(rules, s),
  ];
  return [...steps, ...faultSteps(rules, s, steps)];
}

export interface Manner {
  /** Goes on after the first broken promise, and answers the shortest way to each way of breaking one. Default false. */
  readonly all?: boolean;
  /** Judges by this promise alone. Default: by all. */
  readonly about?: Broken['promise'];
  /** Forgets what no later step can read. Default true; without it there is much more to walk. */
  readonly reduced?: boolean;
  /** Names a state so that no other one has its name. Default {@link keyOf}. */
  readonly nameOf?: (s: State) => string;
}

/**
 * Walks all states breadth first, so that the first way to a state is a shortest one. Nothing is explored behind a broken
 * promise.
 */
export function explore(world: World, manner: Manner = {}): Exploration {
  const { all = false, about, reduced = true, nameOf = keyOf } = manner;
  const ledger = createModelLedger(world.design);
  const rules: Rules = { ...world, ledger };
  const trail = createTrail(nameOf(INITIAL));
  const found = new Map<string, Counterexample>();
  const isJudged = (broken: Broken | undefined): broken is Broken =>
    broken !== undefined && (about === undefined || broken.promise === about);

  function walk(): void {
    let level: State[] = [INITIAL];
    let firstOfLevel = 0;
    while (level.length > 0) {
      const next: State[] = [];
      for (const [offset, state] of level.entries()) {
        const at = firstOfLevel + offset;
        const steps = stepsFrom(rules, state);
        const isQuiet = !steps.some(({ kind }) => kind === 'system');
        const broken = isQuiet ? brokenWhenQuiet(rules, state) : undefined;
        if (isJudged(broken)) {
          if (!found.has(broken.how)) found.set(broken.how, { broken, steps: trail.to(at), end: state });
          if (!all) return;
          continue;
        }
        for (const step of steps) {
          const wrong = brokenBy(state, step);
          if (isJudged(wrong)) {
            if (!found.has(wrong.how)) {
              found.set(wrong.how, { broken: wrong, steps: [...trail.to(at), step.label], end: step.next });
            }
            if (!all) return;
            continue;
          }
          const reached = reduced ? reduce(rules, step.next) : step.next;
          if (trail.enter(nameOf(reached), at, step.label)) next.push(reached);
        }
      }
      firstOfLevel += level.length;
      level = next;
    }
  }

  walk();
  return { states: trail.size(), walked: ledger.table.walked, found: [...found.values()] };
}

/** The states that were reached, by name, and the way to each. */
function createTrail(start: string) {
  const visited = new Set([start]);
  const cameFrom: number[] = [0];
  const cameBy: string[] = [''];
  return {
    size: () => visited.size,
    /** False: it was reached before. */
    enter(name: string, from: number, by: string): boolean {
      if (visited.has(name)) return false;
      visited.add(name);
      cameFrom.push(from);
      cameBy.push(by);
      return true;
    },
    to(at: number): readonly string[] {
      const steps: string[] = [];
      for (let index = at; index > 0; index = cameFrom[index] ?? 0) steps.unshift(cameBy[index] ?? '');
      return steps;
    },
  };
}
