import { createHash } from 'node:crypto';
import { SIDES, type Side } from '../../domain/side.js';
import { type Poison, planPoison } from './poison.js';

/** The cutover percentages, one for each phase. */
export const PERCENTAGES = [0, 10, 50, 100] as const;

/** Hundredths of the messages that are sent a second time, that reach one broker only, and that are poison. */
const REPEATED = 3;

const ONE_SIDED = 1;

const POISON = 1;

/** A repeat comes this part of the stream later at most, so that some come under the next percentage. */
const LATEST_REPEAT = 1 / 8;

/** A message that handover has to bring to an end. */
export interface PlannedMessage {
  readonly kind: 'message';
  readonly messageId: string;
  readonly businessId: string;
  readonly body: string;
  /** The brokers that get it. */
  readonly sides: readonly Side[];
  /** Index of the phase in which it is published first. */
  readonly phase: number;
}

export type Planned = PlannedMessage | Poison;

/** What a run publishes. */
export interface Plan {
  /** Every valid message once. */
  readonly messages: readonly PlannedMessage[];
  readonly poison: readonly Poison[];
  /** What is handed to the producers in each phase, in this order, repeats included. */
  readonly phases: readonly (readonly Planned[])[];
}

export interface PlanOptions {
  /** Messages, poison included, repeats not. */
  readonly messages: number;
  /** The same seed makes the same stream, but for the run's name. */
  readonly seed: string;
  /** Begins all IDs, so that two runs on one stack have none in common. */
  readonly run: string;
}

/** Plans the stream of a run: equal numbers of messages in each phase, with the faults spread over it by the seed. */
export function planStream({ messages: count, seed, run }: PlanOptions): Plan {
  const draw = seededNumbers(seed);
  const order = shuffled(count, draw);
  const take = kindTaker(order);
  const poisoned = take(partOf(count, POISON));
  const oneSided = take(partOf(count, ONE_SIDED));
  const repeated = take(partOf(count, REPEATED));

  const phaseAt = (position: number): number =>
    Math.min(Math.floor((position * PERCENTAGES.length) / count), PERCENTAGES.length - 1);
  const stream = Array.from({ length: count }, (_, index): Slot => {
    const phase = phaseAt(index);
    const nth = poisoned.get(index);
    if (nth !== undefined) return { at: index, planned: planPoison(run, nth, phase) };
    const single = oneSided.get(index);
    const sides = single === undefined ? SIDES : SIDES.slice(single % 2, (single % 2) + 1);
    return { at: index, planned: planMessage({ run, index, count, sides, phase, draw }) };
  });
  const repeats = [...repeated.keys()].flatMap((index): Slot[] => {
    const slot = stream[index];
    // Behind the message itself, and between two others.
    return slot === undefined ? [] : [{ at: index + 0.5 + draw() * count * LATEST_REPEAT, planned: slot.planned }];
  });
  const slots = [...stream, ...repeats].sort((a, b) => a.at - b.at);
  return {
    messages: stream.flatMap(({ planned }) => (planned.kind === 'message' ? [planned] : [])),
    poison: stream.flatMap(({ planned }) => (planned.kind === 'poison' ? [planned] : [])),
    phases: PERCENTAGES.map((_, phase) =>
      slots.filter(({ at }) => phaseAt(at) === phase).map(({ planned }) => planned),
    ),
  };
}

interface Slot {
  /** Where it comes in the stream; only the order counts. */
  readonly at: number;
  readonly planned: Planned;
}

/** So many hundredths of a number, rounded up: the smallest run shows every fault, too. */
function partOf(count: number, hundredths: number): number {
  return Math.ceil((count * hundredths) / 100);
}

/** Takes indexes off the front of an order, each with which of its kind it is. */
function kindTaker(order: readonly number[]): (count: number) => ReadonlyMap<number, number> {
  let taken = 0;
  return (count) => {
    const indexes = order.slice(taken, taken + count);
    taken += count;
    return new Map(indexes.map((index, nth) => [index, nth]));
  };
}

function planMessage(parts: {
  readonly run: string;
  readonly index: number;
  readonly count: number;
  readonly sides: readonly Side[];
  readonly phase: number;
  readonly draw: () => number;
}): PlannedMessage {
  const { run, index, count, sides, phase, draw } = parts;
  const messageId = `${run}-${String(index + 1).padStart(5, '0')}`;
  // As many users as messages: were the bucket computed from them, each phase would still have many.
  const businessId = `user-${Math.floor(draw() * count) + 1}`;
  const amount = 1 + Math.floor(draw() * 100);
  return { kind: 'message', messageId, businessId, body: JSON.stringify({ messageId, amount }), sides, phase };
}

/** A stream of numbers, 0 (included) .. 1 (excluded), that is the same for the same seed. */
export function seededNumbers(seed: string): () => number {
  let drawn = 0;
  return () => {
    const hash = createHash('sha256').update(`${seed}:${drawn}`).digest();
    drawn += 1;
    return hash.readUInt32BE(0) / 2 ** 32;
  };
}

/** The whole numbers 0..count-1 in an order that `draw` decides. */
function shuffled(count: number, draw: () => number): readonly number[] {
  const numbers = Array.from({ length: count }, (_, index) => index);
  // Sorted by a drawn key each, which is as fair as the draw is.
  const keys = numbers.map(draw);
  return numbers.sort((a, b) => (keys[a] ?? 0) - (keys[b] ?? 0));
}
