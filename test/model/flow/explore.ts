import type { FlowDesign } from './designs.js';
import { exceeds, flowSteps } from './rules.js';
import { type FlowScope, type FlowState, initialFlow, isAllAccepted, isWell, keyOf } from './state.js';

export interface FlowFinding {
  readonly states: number;
  /** The shortest way to a state that breaks a bound, or from which nothing leads to where all is accepted. */
  readonly fault?: { readonly what: string; readonly way: readonly string[] };
}

interface Node {
  readonly state: FlowState;
  readonly from: number;
  readonly label: string;
}

/**
 * Walks every state that can be reached, and asks of each in which nothing is wrong any more whether the system's own
 * steps lead from it to where everything is accepted. `over`: whether a state counts as an end; default, all is accepted.
 */
export function exploreFlow(
  design: FlowDesign,
  scope: FlowScope,
  {
    over = isAllAccepted,
    judged = isWell,
  }: { over?: (state: FlowState) => boolean; judged?: (state: FlowState) => boolean } = {},
): FlowFinding {
  const nodes: Node[] = [{ state: initialFlow(scope), from: -1, label: '' }];
  const known = new Map([[keyOf(initialFlow(scope)), 0]]);
  const before: number[][] = [[]];
  for (let at = 0; at < nodes.length; at += 1) {
    const { state } = nodes[at] as Node;
    const exceeded = exceeds(design, scope, state);
    if (exceeded !== undefined) return { states: nodes.length, fault: { what: exceeded, way: wayTo(nodes, at) } };
    for (const { label, kind, next } of flowSteps(design, scope, state)) {
      const key = keyOf(next);
      let to = known.get(key);
      if (to === undefined) {
        to = nodes.push({ state: next, from: at, label }) - 1;
        known.set(key, to);
        before.push([]);
      }
      if (kind === 'system' && to !== at) before[to]?.push(at);
    }
  }
  const ends = new Set(nodes.flatMap(({ state }, index) => (over(state) ? [index] : [])));
  const open = [...ends];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const earlier of before[at] ?? []) {
      if (ends.has(earlier)) continue;
      ends.add(earlier);
      open.push(earlier);
    }
  }
  const dead = nodes.findIndex(({ state }, index) => judged(state) && !ends.has(index));
  return dead < 0
    ? { states: nodes.length }
    : { states: nodes.length, fault: { what: 'nothing leads on to acceptance', way: wayTo(nodes, dead) } };
}

function wayTo(nodes: readonly Node[], end: number): string[] {
  const way: string[] = [];
  for (let at = end; at > 0; at = nodes[at]?.from ?? -1) way.unshift(nodes[at]?.label ?? '');
  return way;
}
