import { afterRouting, type Census, NOBODY, permit, STAGES, type Stage } from '../../../src/domain/flow/flow.js';
import type { At, Copy, FlowScope, SideState } from './state.js';

/** What decides who goes on in one process. */
export interface FlowDesign {
  readonly name: string;
  /** Everybody who may go on by now has gone on. */
  settle(side: SideState, scope: FlowScope): SideState;
  mayFetch(side: SideState, scope: FlowScope): boolean;
  /** Where one goes that the source has just handed over. */
  readonly entersAt: Stage;
  /** Where one goes that has just been routed, and waits for the other side. */
  routed(copy: Copy, wait: { ownerIsPast: boolean; lingers: boolean }): Copy;
  /** Where one goes whose owner had its time. */
  expired(copy: Copy): Copy;
  /** One that is counted as waiting already has room during a hold. */
  readonly heedsCounted: boolean;
  /** How many places and rooms they take up. */
  takes(side: SideState): { readonly place: number; readonly room: number };
}

const at = (copy: Copy, stage: At, lingered = copy.lingered): Copy => ({ ...copy, at: stage, lingered });

function censusOf({ copies }: SideState): Census {
  const census = { ...NOBODY };
  for (const { at: where } of copies) {
    if (where === 'entered') census.starting += 1;
    else if (where in STAGES) census[where as Stage] += 1;
  }
  return census;
}

/** Moves the oldest in a stage on, by so many: positions are in order, so those are the first, or the last. */
function moveOn(side: SideState, from: Stage, to: (copy: Copy) => Copy, count: number): SideState {
  const there = side.copies.flatMap((copy, index) => (copy.at === from ? [index] : []));
  const going = side.readsBackwards ? there.slice(-count) : there.slice(0, count);
  return { ...side, copies: side.copies.map((copy, index) => (going.includes(index) ? to(copy) : copy)) };
}

/** The code's own rules, asked as intake asks them. */
export const FLOW: FlowDesign = {
  name: 'the flow machine',
  entersAt: 'arrived',
  settle(side, { bounds }) {
    let settled = side;
    for (const { from, to, count } of permit({ census: censusOf(side), bounds, throttled: side.throttled }).moves) {
      settled = moveOn(settled, from, (copy) => at(copy, to), count);
    }
    return settled;
  },
  mayFetch: (side, { bounds }) => permit({ census: censusOf(side), bounds, throttled: side.throttled }).fetch > 0,
  routed: (copy, wait) => at(copy, afterRouting(wait)),
  expired: (copy) => at(copy, 'due'),
  heedsCounted: true,
  takes: (side) => {
    const census = censusOf(side);
    const all = Object.keys(STAGES) as Stage[];
    const sum = (bound: 'place' | 'room') =>
      all.reduce((total, stage) => {
        const rule = STAGES[stage];
        return total + ('holds' in rule && rule.holds === bound ? census[stage] : 0);
      }, 0);
    return { place: sum('place'), room: sum('room') };
  },
};

const PLACED: readonly At[] = ['routing', 'queued', 'held', 'starting', 'entered', 'in-hand'];

/**
 * What intake did before: a delivery keeps its place while it waits for room to linger, and its room while it waits for a
 * place, and behind both for the throttle; and a hold stops the fetching of everything.
 */
export const BEFORE: FlowDesign = {
  name: 'the design of before',
  entersAt: 'routing',
  settle(side, scope) {
    const { place, room } = BEFORE.takes(side);
    const next = (from: Stage, to: (copy: Copy) => Copy): SideState => BEFORE.settle(moveOn(side, from, to, 1), scope);
    const waits = (stage: Stage): boolean => side.copies.some((copy) => copy.at === stage);
    if (waits('queued') && room < scope.bounds.rooms) return next('queued', (copy) => at(copy, 'lingering', true));
    if (waits('due') && place < scope.bounds.places) return next('due', (copy) => at(copy, 'starting'));
    if (waits('held') && !side.throttled) return next('held', (copy) => at(copy, 'routing'));
    return side;
  },
  mayFetch: (side, { bounds }) => !side.throttled && BEFORE.takes(side).place < bounds.places,
  routed: (copy, { lingers }) => at(copy, lingers ? 'queued' : 'starting'),
  expired: (copy) => at(copy, 'due'),
  heedsCounted: false,
  takes: ({ copies }) => ({
    place: copies.filter((copy) => PLACED.includes(copy.at)).length,
    room: copies.filter((copy) => copy.lingered && copy.at !== 'acked' && copy.at !== 'broker').length,
  }),
};
