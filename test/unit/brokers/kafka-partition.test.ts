import { describe, expect, it } from 'vitest';
import { AssignedPartition } from '../../../src/brokers/kafka-partition.js';
import type { Watermark } from '../../../src/brokers/watermark.js';

function begin(partition: AssignedPartition, fetchedFrom: bigint): Watermark {
  const continuation = partition.continueAt(fetchedFrom);
  if ('readAgainFrom' in continuation) throw new Error(`told to read again from ${continuation.readAgainFrom}`);
  return continuation.watermark;
}

function handOver(partition: AssignedPartition, watermark: Watermark, offsets: readonly bigint[]): void {
  for (const offset of offsets) {
    watermark.handOver(offset);
    partition.moveTo(offset + 1n);
  }
}

describe('an assigned partition', () => {
  it('has nothing to commit until something is accepted, and then each offset once', () => {
    const partition = new AssignedPartition();
    const watermark = begin(partition, 7n);
    handOver(partition, watermark, [7n, 8n]);
    expect(partition.uncommitted).toBeUndefined();
    partition.accept(watermark, 8n);
    expect(partition.uncommitted).toBeUndefined();
    partition.accept(watermark, 7n);
    expect(partition.uncommitted).toBe(9n);
    partition.committed(9n);
    expect(partition.uncommitted).toBeUndefined();
  });

  it('is read again from the first delivery that was not accepted', () => {
    const partition = new AssignedPartition();
    const watermark = begin(partition, 0n);
    handOver(partition, watermark, [0n, 1n, 2n, 3n]);
    partition.accept(watermark, 0n);
    partition.accept(watermark, 3n);
    expect(partition.rewind(watermark)).toEqual({ offset: 1n, pauseMs: 1000 });
    expect(partition.isCurrent(watermark)).toBe(false);
    partition.resume();

    const again = begin(partition, 1n);
    expect(partition.isCurrent(again)).toBe(true);
    handOver(partition, again, [1n, 2n, 3n]);
    for (const offset of [1n, 2n, 3n]) partition.accept(again, offset);
    expect(partition.uncommitted).toBe(4n);
  });

  it('is rewound once for all deliveries of a watermark, and later outcomes of theirs are inert', () => {
    const partition = new AssignedPartition();
    const watermark = begin(partition, 0n);
    handOver(partition, watermark, [0n, 1n, 2n]);
    partition.rewind(watermark);
    expect(partition.rewind(watermark)).toBeUndefined();
    for (const offset of [0n, 1n, 2n]) partition.accept(watermark, offset);
    expect(partition.uncommitted).toBeUndefined();
  });

  it('waits longer each time that nothing is accepted in between', () => {
    const partition = new AssignedPartition();
    const pauses: number[] = [];
    for (let round = 0; round < 7; round += 1) {
      const watermark = begin(partition, 0n);
      handOver(partition, watermark, [0n]);
      pauses.push(partition.rewind(watermark)?.pauseMs ?? 0);
      partition.resume();
    }
    expect(pauses).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    const watermark = begin(partition, 0n);
    handOver(partition, watermark, [0n, 1n]);
    partition.accept(watermark, 0n);
    expect(partition.rewind(watermark)).toEqual({ offset: 1n, pauseMs: 1000 });
  });

  it('does not take a batch that leaves a gap behind it, unless the gap is still there when it is read again', () => {
    const partition = new AssignedPartition();
    const watermark = begin(partition, 0n);
    handOver(partition, watermark, [0n, 1n]);
    expect(partition.continueAt(5n)).toEqual({ readAgainFrom: 2n });
    expect(partition.uncommitted).toBeUndefined();
    expect(begin(partition, 5n)).toBe(watermark);
  });

  it('knows what of a batch it has had', () => {
    const partition = new AssignedPartition();
    handOver(partition, begin(partition, 0n), [0n, 1n]);
    expect([0n, 1n, 2n].map((offset) => partition.isHandedOver(offset))).toEqual([true, true, false]);
  });

  describe('records that hold no delivery', () => {
    it('are committed over once all before them is accepted', () => {
      const partition = new AssignedPartition();
      const watermark = begin(partition, 0n);
      handOver(partition, watermark, [0n]);
      partition.skip(1n, 2n);
      expect(partition.uncommitted).toBeUndefined();
      partition.accept(watermark, 0n);
      expect(partition.uncommitted).toBe(3n);
    });

    it('are committed over when there is nothing else', () => {
      const partition = new AssignedPartition();
      partition.skip(0n, 3n);
      expect(partition.uncommitted).toBe(4n);
    });

    it('are left alone behind a gap and while the partition is to be read again', () => {
      const partition = new AssignedPartition();
      const watermark = begin(partition, 0n);
      handOver(partition, watermark, [0n, 1n]);
      partition.skip(5n, 6n);
      partition.accept(watermark, 0n);
      partition.rewind(watermark);
      partition.skip(1n, 6n);
      expect(partition.uncommitted).toBe(1n);
    });
  });
});
