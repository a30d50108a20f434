import { describe, expect, it } from 'vitest';
import type { Side } from '../../../src/domain/side.js';
import { BEFORE, FLOW, type FlowDesign } from './designs.js';
import { exploreFlow } from './explore.js';
import type { FlowScope, FlowState, Traffic } from './state.js';

const half = (owner: Side, on: Side): Traffic => ({ owner, on: [on] });
const whole = (owner: Side): Traffic => ({ owner, on: ['kafka', 'rocketmq'] });
const theirs = half('rocketmq', 'kafka');
const back = half('kafka', 'rocketmq');
const own = half('kafka', 'kafka');

const base: Omit<FlowScope, 'traffic'> = {
  bounds: { places: 1, rooms: 1, memory: 3 },
  waiting: 1,
  faults: 0,
  knowsPast: false,
};

const accepted =
  (index: number) =>
  ({ messages }: FlowState): boolean =>
    messages[index]?.claimed === true;

/** Nothing is wrong with `kafka`, and nobody is there for `rocketmq`. */
const isAlone = ({ sides, well }: FlowState): boolean =>
  well && sides.kafka.alive && sides.kafka.fetches && !sides.rocketmq.alive;

describe('the flow of deliveries, every state of both sides', () => {
  it.each<readonly [string, Partial<FlowScope> & Pick<FlowScope, 'traffic'>]>([
    ['a burst on kafka alone, and own messages behind it', { traffic: [theirs, theirs, theirs, own], faults: 1 }],
    [
      'two things go wrong, and intake knows what its owner is past',
      { traffic: [theirs, theirs, own], faults: 2, knowsPast: true },
    ],
    ['bursts on both sides at once', { traffic: [theirs, back, theirs, back], faults: 1 }],
    ['the same, known to be past', { traffic: [theirs, back, theirs, back], faults: 1, knowsPast: true }],
    [
      'opposite orders, each side full of what the other has to bring',
      { traffic: [whole('rocketmq'), whole('kafka'), theirs], opposite: true },
    ],
    ['the same, with a fault', { traffic: [whole('rocketmq'), whole('kafka')], opposite: true, faults: 1 }],
    ['whole and half writes', { traffic: [whole('rocketmq'), theirs, back], faults: 1 }],
    [
      'no room to linger at all',
      { traffic: [theirs, back, own], bounds: { places: 1, rooms: 0, memory: 1 }, faults: 2 },
    ],
    ['two places', { traffic: [theirs, own, back], bounds: { places: 2, rooms: 1, memory: 3 }, faults: 1 }],
  ])('leads to where all is accepted, from each and within all bounds: %s', (_, given) => {
    const { states, fault } = exploreFlow(FLOW, { ...base, ...given });
    expect(fault).toBeUndefined();
    expect(states).toBeGreaterThan(1_000);
  });

  it('goes on with what kafka owns while nobody is there for what it does not, until memory is full of that', () => {
    const few: FlowScope = { ...base, traffic: [theirs, theirs, own], faults: 1 };
    expect(exploreFlow(FLOW, few, { over: accepted(2), judged: isAlone }).fault).toBeUndefined();
    // One that waits as a workflow, and three that are held: then the hold is the answer, and it is declared.
    const many: FlowScope = { ...base, traffic: [theirs, theirs, theirs, theirs, own], faults: 1 };
    const heldOr = (state: FlowState): boolean => accepted(4)(state) || state.sides.kafka.throttled;
    expect(exploreFlow(FLOW, many, { over: heldOr, judged: isAlone }).fault).toBeUndefined();
  });
});

describe('a design is found guilty', () => {
  it('that waits for room with a place and for a place with the room: it stands still for ever, without a fault', () => {
    const { fault } = exploreFlow(BEFORE, { ...base, traffic: [theirs, theirs] });
    expect(fault?.what).toBe('nothing leads on to acceptance');
    expect(fault?.way).toEqual(['kafka fetches 0', 'kafka, 0: routed: theirs', 'kafka fetches 1']);
  });

  it('that fetches nothing during a hold: it keeps what kafka owns behind what it does not', () => {
    const scope: FlowScope = { ...base, traffic: [theirs, theirs, own], faults: 1 };
    expect(exploreFlow(BEFORE, scope, { over: accepted(2), judged: isAlone }).fault).toBeDefined();
  });

  it('that holds a message which is counted as waiting already: it is held by its own count for ever', () => {
    const heedless: FlowDesign = { ...FLOW, name: 'heedless of the counted', heedsCounted: false };
    const { fault } = exploreFlow(heedless, { ...base, traffic: [theirs, theirs], faults: 1 });
    expect(fault?.way.at(-1)).toBe('kafka, 0: withdrawn');
  });
});
