import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type PartitionLog, placePartition } from '../../../../src/brokers/kafka/offsets/placement.js';
import { AssignedPartition, type Held } from '../../../../src/brokers/kafka/partition.js';
import type { Watermark } from '../../../../src/brokers/kafka/watermark.js';

const TOPIC = 'the-topic';
const LONG_LOG = { topicId: TOPIC, low: 0n, high: 1_000_000n, endOf: () => undefined };

/** As a join does it: the committed position is asked for, and where the log stands. */
function join(partition: AssignedPartition, committed: bigint | undefined, log: PartitionLog = LONG_LOG): void {
  const point = committed === undefined ? undefined : { position: committed, topicId: TOPIC, epoch: undefined };
  partition.interrupt();
  partition.place(placePartition(point, partition.walked, log), log.topicId, point);
}

function placedAt(committed: bigint | undefined): AssignedPartition {
  const partition = new AssignedPartition();
  join(partition, committed);
  return partition;
}

function begin(partition: AssignedPartition, fetchedFrom: bigint, last = 1_000_000n): Watermark {
  const continuation = partition.continueAt(fetchedFrom, last);
  if (continuation === undefined || 'readAgainFrom' in continuation) throw new Error('the batch is not taken');
  return continuation.watermark;
}

function handOver(partition: AssignedPartition, watermark: Watermark, offsets: readonly bigint[]): Held[] {
  return offsets.map((offset) => {
    const held = partition.handOver(watermark, offset);
    partition.moveTo(offset + 1n, undefined);
    return held;
  });
}

/** Hands over what is not held, and joins what is, as far as `end`. */
function readOn(partition: AssignedPartition, end: bigint): Held[] {
  const from = partition.next.position;
  const watermark = begin(partition, from);
  const taken: Held[] = [];
  for (let offset = from; offset < end; offset += 1n) {
    if (partition.isHeld(offset)) partition.rejoin(watermark, offset);
    else taken.push(partition.handOver(watermark, offset));
    partition.moveTo(offset + 1n, undefined);
  }
  return taken;
}

const committable = (partition: AssignedPartition) => partition.uncommitted?.position;

describe('an assigned partition', () => {
  it('has nothing to commit until something is accepted, and then each offset once', () => {
    const partition = placedAt(7n);
    const [seven, eight] = handOver(partition, begin(partition, 7n), [7n, 8n]) as [Held, Held];
    expect(partition.uncommitted).toBeUndefined();
    partition.accept(eight);
    expect(partition.uncommitted).toBeUndefined();
    partition.accept(seven);
    expect(partition.uncommitted).toEqual({ position: 9n, topicId: TOPIC, epoch: undefined });
    partition.committed({ position: 9n, topicId: TOPIC, epoch: undefined });
    expect(partition.uncommitted).toBeUndefined();
  });

  it('begins at the committed position, and takes no batch that was fetched for another one', () => {
    const partition = placedAt(10n);
    handOver(partition, begin(partition, 10n), [10n, 11n, 12n]);
    join(partition, 10n);
    // Fetched in the older generation, which had come to 13: the first batch after the join.
    expect(partition.continueAt(13n, 20n)).toEqual({ readAgainFrom: 10n });
    expect(partition.uncommitted).toBeUndefined();
  });

  it('takes no batch at all between a join and its placement', () => {
    const partition = placedAt(0n);
    const watermark = begin(partition, 0n);
    partition.interrupt();
    expect(partition.isPlaced).toBe(false);
    expect(partition.isCurrent(watermark)).toBe(false);
    expect(partition.continueAt(0n, 5n)).toBeUndefined();
    expect(partition.uncommitted).toBeUndefined();
  });

  it('joins after a rejoin what the sink has in hand, and commits once that is accepted', () => {
    const partition = placedAt(0n);
    const held = readOn(partition, 20_000n);
    for (const one of held.slice(5)) partition.accept(one);
    for (let joins = 0; joins < 9; joins += 1) {
      join(partition, 0n);
      expect(readOn(partition, 20_000n)).toEqual([]);
    }
    expect(partition.uncommitted).toBeUndefined();
    for (const one of held.slice(0, 5)) partition.accept(one);
    expect(committable(partition)).toBe(20_000n);
  });

  it('forgets what is accepted far ahead of a delivery that hangs, and takes that again rather than too much memory', () => {
    const partition = placedAt(0n);
    const [, ...others] = readOn(partition, 50_020n);
    for (const one of others) partition.accept(one);
    join(partition, 0n);
    expect(readOn(partition, 50_020n).map(({ offset }) => offset)).toEqual(
      Array.from({ length: 19 }, (_, index) => 50_001n + BigInt(index)),
    );
  });

  it('is read again from the first delivery that was not accepted, without taking again what is in hand', () => {
    const partition = placedAt(0n);
    const [zero, one, two, three] = readOn(partition, 4n) as [Held, Held, Held, Held];
    partition.accept(zero);
    partition.accept(three);
    expect(partition.reject(one)).toEqual({ offset: 1n, pauseMs: 1000 });
    expect(partition.continueAt(1n, 5n)).toBeUndefined();
    partition.resume();
    const [again, ...others] = readOn(partition, 4n);
    expect(again?.offset).toBe(1n);
    expect(others).toEqual([]);
    partition.accept(again as Held);
    expect(committable(partition)).toBe(2n);
    partition.accept(two);
    expect(committable(partition)).toBe(4n);
  });

  it('is set back once for deliveries that are rejected together, and takes each of them again', () => {
    const partition = placedAt(0n);
    const held = readOn(partition, 3n);
    expect(held.map((one) => partition.reject(one))).toEqual([{ offset: 0n, pauseMs: 1000 }, undefined, undefined]);
    partition.resume();
    expect(readOn(partition, 3n)).toHaveLength(3);
    for (const one of held) partition.accept(one);
    expect(partition.uncommitted).toBeUndefined();
  });

  it('waits longer each time that nothing is accepted in between, and tells that it does not move', () => {
    const partition = placedAt(0n);
    const pauses: unknown[] = [];
    for (let round = 0; round < 7; round += 1) {
      expect(partition.stuckAt).toBe(round < 5 ? undefined : 0n);
      pauses.push(partition.reject(readOn(partition, 1n)[0] as Held));
      partition.resume();
    }
    expect(pauses).toEqual(
      [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000].map((pauseMs) => ({ offset: 0n, pauseMs })),
    );
    const [zero, one] = readOn(partition, 2n) as [Held, Held];
    expect(partition.stuckAt).toBe(0n);
    partition.accept(zero);
    expect(partition.stuckAt).toBeUndefined();
    expect(partition.reject(one)).toEqual({ offset: 1n, pauseMs: 1000 });
  });

  it('does not accept a gap, however often it is met, and tells that it does not move', () => {
    const partition = placedAt(0n);
    readOn(partition, 2n);
    for (let times = 0; times < 5; times += 1) {
      expect(partition.stuckAt).toBeUndefined();
      expect(partition.continueAt(5n, 9n)).toEqual({ readAgainFrom: 2n });
    }
    expect(partition.stuckAt).toBe(2n);
    readOn(partition, 3n);
    expect(partition.stuckAt).toBeUndefined();
  });

  it('does not take a batch again that ends before its position, as the fetches would never get on', () => {
    const partition = placedAt(0n);
    readOn(partition, 10n);
    expect(partition.continueAt(0n, 9n)).toEqual({ readAgainFrom: 10n });
    expect(begin(partition, 0n, 10n)).toBeDefined();
  });

  it('lets go of everything when it goes to another member', () => {
    const partition = placedAt(0n);
    const [zero] = readOn(partition, 1n) as [Held];
    expect(partition.withdrawn.aborted).toBe(false);
    partition.withdraw();
    expect(partition.withdrawn.aborted).toBe(true);
    partition.accept(zero);
    expect(partition.uncommitted).toBeUndefined();
    expect(partition.reject(zero)).toBeUndefined();
  });

  describe('whose log has lost its beginning', () => {
    const trimmed = { ...LONG_LOG, low: 5n };

    it('goes on at what is left, and commits that only once what it has in hand is accepted', () => {
      const partition = placedAt(0n);
      const [zero, one] = readOn(partition, 2n) as [Held, Held];
      join(partition, 0n, trimmed);
      expect(partition.next.position).toBe(5n);
      expect(partition.heldBetween(0n, 5n)).toBe(2);
      expect(partition.uncommitted).toBeUndefined();
      partition.accept(zero);
      expect(committable(partition)).toBe(1n);
      partition.accept(one);
      expect(committable(partition)).toBe(5n);
    });

    it('says that a delivery is lost that is not accepted and cannot be read again', () => {
      const partition = placedAt(0n);
      const [zero] = readOn(partition, 1n) as [Held];
      join(partition, 0n, trimmed);
      expect(partition.reject(zero)).toBe('lost');
      expect(committable(partition)).toBe(5n);
    });
  });

  describe('whose topic was made anew', () => {
    const anew = { ...LONG_LOG, topicId: 'another-topic', high: 3n };

    it('begins at the start of the new log, commits that, and joins nothing of the old one', () => {
      const partition = placedAt(0n);
      const old = readOn(partition, 10n);
      join(partition, 4n, anew);
      expect(committable(partition)).toBe(0n);
      const [zero, ...others] = readOn(partition, 3n) as [Held, ...Held[]];
      expect(others).toHaveLength(2);
      for (const one of old) partition.accept(one);
      expect(old.map((one) => partition.reject(one))).toEqual(old.map(() => undefined));
      expect(committable(partition)).toBe(0n);
      partition.accept(zero);
      expect(partition.uncommitted).toEqual({ position: 1n, topicId: 'another-topic', epoch: undefined });
    });

    it('does not take a commit of the old topic, answered late, for one of the new', () => {
      const partition = placedAt(0n);
      readOn(partition, 10n);
      join(partition, 4n, anew);
      partition.committed({ position: 9n, topicId: TOPIC, epoch: undefined });
      expect(committable(partition)).toBe(0n);
      partition.committed({ position: 0n, topicId: 'another-topic', epoch: undefined });
      expect(partition.uncommitted).toBeUndefined();
    });
  });

  describe('records that hold no delivery', () => {
    it('are committed over once all before them is accepted', () => {
      const partition = placedAt(0n);
      const [zero] = readOn(partition, 1n) as [Held];
      partition.skip(1n, 2n);
      expect(partition.uncommitted).toBeUndefined();
      partition.accept(zero);
      expect(committable(partition)).toBe(3n);
    });

    it('are committed over when there is nothing else', () => {
      const partition = placedAt(undefined);
      partition.skip(0n, 3n);
      expect(committable(partition)).toBe(4n);
    });

    it('are left alone behind a gap, while the partition is to be read again, and before it is placed', () => {
      const partition = placedAt(0n);
      const [zero, one] = readOn(partition, 2n) as [Held, Held];
      partition.skip(5n, 6n);
      partition.accept(zero);
      partition.reject(one);
      partition.skip(1n, 6n);
      expect(committable(partition)).toBe(1n);
      partition.interrupt();
      partition.skip(1n, 6n);
      join(partition, 1n);
      expect(partition.next.position).toBe(1n);
    });
  });

  it('never commits past what is not accepted, and takes nothing that is in hand, whatever comes in whatever order', () => {
    const END = 30n;
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(9), fc.nat(30), fc.nat(8)), { maxLength: 150 }), (steps) => {
        const accepted = new Set<bigint>();
        let broker: bigint | undefined;
        const inHand: Held[] = [];
        const partition = placedAt(undefined);
        const deliver = (fetchedFrom: bigint, last: bigint) => {
          const continuation = partition.continueAt(fetchedFrom, last);
          if (continuation === undefined || 'readAgainFrom' in continuation) return;
          for (let offset = fetchedFrom; offset <= last; offset += 1n) {
            if (partition.isHandedOver(offset)) continue;
            if (partition.isHeld(offset)) partition.rejoin(continuation.watermark, offset);
            else {
              expect(inHand.some((one) => one.offset === offset)).toBe(false);
              inHand.push(partition.handOver(continuation.watermark, offset));
            }
            partition.moveTo(offset + 1n, undefined);
          }
        };
        const settle = (index: number, isAccepted: boolean) => {
          const [one] = inHand.splice(index % (inHand.length + 1), 1);
          if (one === undefined) return;
          if (isAccepted) {
            accepted.add(one.offset);
            partition.accept(one);
          } else partition.reject(one);
        };
        const commit = () => {
          const point = partition.uncommitted;
          if (point === undefined) return;
          broker = point.position;
          partition.committed(point);
          for (let offset = 0n; offset < broker; offset += 1n) expect(accepted).toContain(offset);
        };
        for (const [what, where, length] of steps) {
          const from = BigInt(where);
          // Batches come from anywhere: fetched before a join, before a rewind, or at the right position.
          if (what <= 2) deliver(partition.next.position, partition.next.position + BigInt(length));
          else if (what === 3) deliver(from, from + BigInt(length));
          else if (what <= 5) settle(where, true);
          else if (what === 6) settle(where, false);
          else if (what === 7) commit();
          else if (what === 8) partition.resume();
          else join(partition, broker);
        }
        // Once all is well, everything gets through.
        for (let round = 0; (broker ?? 0n) < END && round < 200; round += 1) {
          partition.resume();
          deliver(partition.next.position, partition.next.position + END);
          while (inHand.length > 0) settle(0, true);
          commit();
        }
        expect(broker).toBeGreaterThanOrEqual(END);
      }),
      { numRuns: 500 },
    );
  });
});
