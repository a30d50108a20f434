import { decideHold, roomFor } from '../../../src/domain/flow/throttle.js';
import { otherSide, SIDES, type Side } from '../../../src/domain/side.js';
import type { FlowDesign } from './designs.js';
import {
  ACKED,
  AT_BROKER,
  type Copy,
  type FlowScope,
  type FlowState,
  type Traffic,
  withCopy,
  withMessage,
  withSide,
} from './state.js';

/** `fault`: what may happen and need not. All else happens sooner or later, where nothing is wrong. */
export interface FlowStep {
  readonly label: string;
  readonly kind: 'system' | 'fault';
  readonly next: FlowState;
}

type Step = readonly [label: string, next: FlowState];

/** All that can happen next. After each step, whoever may go on has gone on. */
export function flowSteps(design: FlowDesign, scope: FlowScope, state: FlowState): FlowStep[] {
  const settle = (next: FlowState): FlowState =>
    SIDES.reduce((settled, side) => withSide(settled, side, design.settle(settled.sides[side], scope)), next);
  const system = [...SIDES.flatMap((side) => sideSteps(design, scope, state, side)), ...workflowSteps(scope, state)];
  return [
    ...system.map(([label, next]) => ({ label, kind: 'system' as const, next: settle(next) })),
    ...faultSteps(scope, state).map(([label, next]) => ({ label, kind: 'fault' as const, next: settle(next) })),
  ];
}

/** All that the side's broker held has been accepted: what it has never delivered, it never got. */
function isPast({ sides }: FlowState, side: Side): boolean {
  const { alive, copies } = sides[side];
  return alive && copies.every(({ at }) => at === 'none' || at === 'acked' || at === 'in-hand');
}

function sideSteps(design: FlowDesign, scope: FlowScope, state: FlowState, side: Side): Step[] {
  const self = state.sides[side];
  if (!self.alive) return [];
  const steps: Step[] = [];
  const atBroker = ({ at }: Copy): boolean => at === 'broker';
  const next = self.readsBackwards ? self.copies.findLastIndex(atBroker) : self.copies.findIndex(atBroker);
  if (state.well && self.fetches && next >= 0 && design.mayFetch(self, scope)) {
    const fetched: Copy = { at: design.entersAt, lingered: false };
    steps.push([`${side} fetches ${next}`, withCopy(state, side, next, fetched)]);
  }
  if (state.well) steps.push([`${side} counts who waits`, look(scope, state, side)]);
  for (const [index, copy] of self.copies.entries()) {
    steps.push(...copySteps(design, scope, state, side, index, copy).map((step) => named(side, index, step)));
  }
  return steps;
}

const named = (side: Side, index: number, [label, next]: Step): Step => [`${side}, ${index}: ${label}`, next];

function copySteps(
  design: FlowDesign,
  scope: FlowScope,
  state: FlowState,
  side: Side,
  index: number,
  copy: Copy,
): Step[] {
  const { owner } = scope.traffic[index] as Traffic;
  const message = state.messages[index];
  const put = (next: Copy): FlowState => withCopy(state, side, index, next);
  const ownerIsPast = scope.knowsPast && owner !== side && isPast(state, owner);
  switch (copy.at) {
    case 'routing': {
      if (!state.well) return [];
      if (message?.claimed === true) return [['acknowledged, somebody has it', put(ACKED)]];
      if (owner === side) return [['routed: mine', put({ ...copy, at: 'starting' })]];
      const lingers = scope.bounds.rooms > 0 && state.sides[otherSide(side)].alive;
      return [['routed: theirs', put(design.routed(copy, { ownerIsPast, lingers }))]];
    }
    case 'queued':
    case 'held':
    case 'lingering': {
      const steps: Step[] = [];
      if (message?.claimed === true && state.well) steps.push(['acknowledged, its owner has claimed it', put(ACKED)]);
      if (ownerIsPast || copy.at === 'lingering') {
        steps.push(['its owner had its time', put(design.expired(copy))]);
      }
      return steps;
    }
    case 'starting':
      if (!state.well) return [];
      if (owner === side || ownerIsPast) return [['started', start(state, side, index, copy)]];
      return [enter(design, scope, state, side, index, copy)];
    case 'entered':
      return state.well ? [['started, to wait', start(state, side, index, copy)]] : [];
    case 'in-hand':
      return [['attempted', put(ACKED)]];
    default:
      return [];
  }
}

/** Starts the workflow, or tells the one that is there. The delivery is acknowledged, and keeps its place for a while. */
function start(state: FlowState, side: Side, index: number, copy: Copy): FlowState {
  const { delivered = [] } = state.messages[index] ?? {};
  const told = delivered.includes(side) ? state : withMessage(state, index, { delivered: [...delivered, side] });
  return withCopy(told, side, index, { ...copy, at: 'in-hand', lingered: false });
}

/** throttle.ts, enter: counted, or refused and held from then on, until a look finds otherwise. */
function enter(design: FlowDesign, scope: FlowScope, state: FlowState, side: Side, index: number, copy: Copy): Step {
  const owner = otherSide(side);
  const waiting = state.waiting[owner];
  const { throttled } = state.sides[side];
  const room = throttled ? 0 : roomFor({ forMe: state.waiting[side].length, limit: scope.waiting });
  const isCounted = waiting.includes(index) && (design.heedsCounted || !throttled);
  if (isCounted || waiting.length < room) {
    const counted = isCounted ? waiting : [...waiting, index];
    const next = { ...state, waiting: { ...state.waiting, [owner]: counted } };
    return ['counted as waiting', withCopy(next, side, index, { ...copy, at: 'entered' })];
  }
  const refused = withSide(withCopy(state, side, index, { ...copy, at: 'held' }), side, { throttled: true });
  return ['refused: too many wait', look(scope, refused, side)];
}

/** throttle.ts, #count: takes out whom nobody waits for any more, and decides whether to hold. */
function look(scope: FlowScope, state: FlowState, side: Side): FlowState {
  const still = (owner: Side) => state.waiting[owner].filter((index) => state.messages[index]?.claimed !== true);
  const waiting = { kafka: still('kafka'), rocketmq: still('rocketmq') };
  const waits = { forOther: waiting[otherSide(side)].length, forMe: waiting[side].length, limit: scope.waiting };
  const throttled = decideHold({ ...waits, holding: state.sides[side].throttled });
  return withSide({ ...state, waiting }, side, { throttled });
}

/** Any side's workers serve a waiting workflow: it claims for its owner, or adopts once that is past it. */
function workflowSteps({ traffic }: FlowScope, state: FlowState): Step[] {
  if (!state.well || SIDES.every((side) => !state.sides[side].alive)) return [];
  return state.messages.flatMap(({ claimed, delivered }, index): Step[] => {
    const { owner } = traffic[index] as Traffic;
    if (claimed || delivered.length === 0) return [];
    if (delivered.includes(owner)) return [[`${index} is claimed`, withMessage(state, index, { claimed: true })]];
    return isPast(state, owner) ? [[`${index} is adopted`, withMessage(state, index, { claimed: true })]] : [];
  });
}

/** Each may happen at any time, so many in all; that it ends again costs nothing. */
function faultSteps(scope: FlowScope, state: FlowState): Step[] {
  const steps: Step[] = [];
  const worse: FlowState = { ...state, faults: state.faults + 1 };
  const mayFail = state.faults < scope.faults;
  if (!state.well) steps.push(['the dependency is back', { ...state, well: true }]);
  else if (mayFail) steps.push(['the dependency is away', { ...worse, well: false }]);
  for (const side of SIDES) {
    const self = state.sides[side];
    if (!self.alive) {
      steps.push([`${side} comes back`, withSide(state, side, { alive: true })]);
      continue;
    }
    if (!self.fetches) steps.push([`${side} takes again`, withSide(state, side, { fetches: true })]);
    if (!mayFail) continue;
    const lost = self.copies.map((copy) => (isPending(copy) ? AT_BROKER : copy.at === 'in-hand' ? ACKED : copy));
    steps.push([`${side} dies`, withSide(worse, side, { alive: false, throttled: false, copies: lost })]);
    if (self.fetches) steps.push([`${side} takes nothing`, withSide(worse, side, { fetches: false })]);
    for (const [index, copy] of self.copies.entries()) {
      if (isPending(copy)) steps.push([`${side}, ${index}: withdrawn`, withCopy(worse, side, index, AT_BROKER)]);
      if (copy.at === 'acked') steps.push([`${side}, ${index}: again`, withCopy(worse, side, index, AT_BROKER)]);
    }
  }
  return steps;
}

function isPending({ at }: Copy): boolean {
  return at !== 'none' && at !== 'broker' && at !== 'acked' && at !== 'in-hand';
}

/** What no state may show: more in a bound than fits. */
export function exceeds(design: FlowDesign, { bounds }: FlowScope, { sides }: FlowState): string | undefined {
  for (const side of SIDES) {
    const { place, room } = design.takes(sides[side]);
    const pending = sides[side].copies.filter(isPending).length;
    if (place > bounds.places) return `${side} works on ${place}`;
    if (room > bounds.rooms) return `${side} has ${room} linger`;
    if (pending > bounds.memory) return `${side} has ${pending} in memory`;
  }
  return undefined;
}
