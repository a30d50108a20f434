import type { FlowBounds, Stage } from '../../../src/domain/flow/flow.js';
import { SIDES, type Side } from '../../../src/domain/side.js';

/** One message: who owns it by the policy, and on which sides a copy of it lies. */
export interface Traffic {
  readonly owner: Side;
  readonly on: readonly Side[];
}

/** One run of the explorer: both sides' traffic in the order of its positions, small bounds, and what may go wrong. */
export interface FlowScope {
  readonly traffic: readonly Traffic[];
  readonly bounds: FlowBounds;
  /** How many may wait for each side: `limits.waiting`. */
  readonly waiting: number;
  /** How many things may go wrong: a side that dies, a source that withdraws or delivers again, a dependency away. */
  readonly faults: number;
  /** Whether intake is told that an owner is past a message, as soon as it is; its run looks for itself in any case. */
  readonly knowsPast: boolean;
  /** The two sides read the traffic in opposite orders: each comes late to what the other waits for. */
  readonly opposite?: boolean;
}

/** Where a copy is: `entered`, starting and counted among the waiting; `none`: the side has no copy of that message. */
export type At = 'none' | 'broker' | 'acked' | 'entered' | Stage;

export interface Copy {
  readonly at: At;
  /** It has lingered: in the design of before, it keeps its room until it is accepted. */
  readonly lingered: boolean;
}

/** A side with one process; what it counts of the waiting is in {@link FlowState.waiting}. */
export interface SideState {
  readonly alive: boolean;
  /** Its source fetches: false, it takes nothing, though it shows life. */
  readonly fetches: boolean;
  readonly throttled: boolean;
  readonly readsBackwards: boolean;
  readonly copies: readonly Copy[];
}

/** A message's record and its workflow. */
export interface MessageState {
  /** Claimed or adopted: rewarded in the end, and whoever delivers it is told so. */
  readonly claimed: boolean;
  /** Who has told its open workflow of a delivery; none, there is no workflow. */
  readonly delivered: readonly Side[];
}

export interface FlowState {
  readonly sides: Readonly<Record<Side, SideState>>;
  readonly messages: readonly MessageState[];
  /** By owner: the messages that are counted as waiting for it. */
  readonly waiting: Readonly<Record<Side, readonly number[]>>;
  /** Redis and Temporal answer. */
  readonly well: boolean;
  readonly faults: number;
}

const NOT_LINGERED = { lingered: false } as const;
export const AT_BROKER: Copy = { at: 'broker', ...NOT_LINGERED };
export const ACKED: Copy = { at: 'acked', ...NOT_LINGERED };

export function initialFlow({ traffic, opposite = false }: FlowScope): FlowState {
  const side = (name: Side): SideState => ({
    alive: true,
    fetches: true,
    throttled: false,
    readsBackwards: opposite && name === 'rocketmq',
    copies: traffic.map(({ on }) => (on.includes(name) ? AT_BROKER : { at: 'none', ...NOT_LINGERED })),
  });
  return {
    sides: { kafka: side('kafka'), rocketmq: side('rocketmq') },
    messages: traffic.map(() => ({ claimed: false, delivered: [] })),
    waiting: { kafka: [], rocketmq: [] },
    well: true,
    faults: 0,
  };
}

export function withSide(state: FlowState, name: Side, change: Partial<SideState>): FlowState {
  return { ...state, sides: { ...state.sides, [name]: { ...state.sides[name], ...change } } };
}

export function withCopy(state: FlowState, name: Side, index: number, copy: Copy): FlowState {
  return withSide(state, name, { copies: state.sides[name].copies.with(index, copy) });
}

export function withMessage(state: FlowState, index: number, change: Partial<MessageState>): FlowState {
  const message = { ...(state.messages[index] as MessageState), ...change };
  return { ...state, messages: state.messages.with(index, message) };
}

/** Every delivery is acknowledged, and every message claimed by somebody. */
export function isAllAccepted({ sides, messages }: FlowState): boolean {
  const done = SIDES.every((side) => sides[side].copies.every(({ at }) => at === 'none' || at === 'acked'));
  return done && messages.every(({ claimed }) => claimed);
}

/** Nothing is wrong now: whatever keeps a delivery from being accepted is the flow itself. */
export function isWell({ sides, well }: FlowState): boolean {
  return well && SIDES.every((side) => sides[side].alive && sides[side].fetches);
}

const CODES: Readonly<Record<At, string>> = {
  none: '-',
  broker: 'b',
  acked: 'A',
  entered: 'e',
  arrived: 'a',
  routing: 'r',
  queued: 'q',
  lingering: 'l',
  held: 'h',
  unproved: 'u',
  due: 'd',
  starting: 's',
  'in-hand': 'i',
};

export function keyOf({ sides, messages, waiting, well, faults }: FlowState): string {
  const side = ({ alive, fetches, throttled, copies }: SideState): string =>
    `${Number(alive)}${Number(fetches)}${Number(throttled)}${copies.map(({ at, lingered }) => `${CODES[at]}${lingered ? "'" : ''}`).join('')}`;
  const record = ({ claimed, delivered }: MessageState): string =>
    `${Number(claimed)}${delivered.includes('kafka') ? 'k' : ''}${delivered.includes('rocketmq') ? 'r' : ''}`;
  const counted = SIDES.map((owner) => [...waiting[owner]].sort().join('')).join('/');
  return `${side(sides.kafka)}|${side(sides.rocketmq)}|${messages.map(record).join(',')}|${counted}|${Number(well)}${faults}`;
}
