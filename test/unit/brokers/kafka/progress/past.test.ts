import { describe, expect, it } from 'vitest';
import { KafkaPast, type PartitionEnds } from '../../../../../src/brokers/kafka/progress/past.js';

/** Ends of partitions 0, 1, ... as `[low, high]`. */
function ends(...entries: readonly [number, number][]): Map<number, PartitionEnds> {
  return new Map(entries.map(([low, high], partition) => [partition, { low: BigInt(low), high: BigInt(high) }]));
}

function offsets(...entries: readonly number[]): Map<number, bigint> {
  return new Map(entries.map((offset, partition) => [partition, BigInt(offset)]));
}

describe('the past of a Kafka group', () => {
  it('is unknown before anything is sampled and while the commits have not reached it', () => {
    const past = new KafkaPast();
    past.committed(offsets(5));
    expect(past.value).toBeUndefined();
    past.sample(1000, ends([0, 5], [0, 3]));
    past.committed(offsets(5, 2));
    expect(past.value).toBeUndefined();
  });

  it('is the latest sample that every partition has reached', () => {
    const past = new KafkaPast();
    past.sample(1000, ends([0, 5], [0, 3]));
    past.sample(2000, ends([0, 6], [0, 3]));
    past.sample(3000, ends([0, 9], [0, 3]));
    past.committed(offsets(7, 3));
    expect(past.value).toBe(2000);
    past.committed(offsets(9, 3));
    expect(past.value).toBe(3000);
  });

  it('goes on over partitions that are empty and never had a commit, but not over one that holds something', () => {
    const past = new KafkaPast();
    past.sample(1000, ends([0, 5], [0, 0], [8, 8]));
    past.committed(offsets(5, -1, -1));
    expect(past.value).toBe(1000);
    past.sample(2000, ends([0, 5], [0, 1], [8, 8]));
    past.committed(offsets(5, -1, -1));
    expect(past.value).toBe(1000);
  });

  it('does not count a partition without an answer, or with the marker of a reset, as reached', () => {
    const past = new KafkaPast();
    past.sample(1000, ends([0, 5], [0, 3]));
    past.committed(new Map([[0, 5n]]));
    past.committed(offsets(5, -2));
    expect(past.value).toBeUndefined();
  });

  it('counts a partition from its first sample on: what it holds was not there before', () => {
    const past = new KafkaPast();
    past.sample(1000, ends([0, 5]));
    past.sample(2000, ends([0, 5], [0, 4]));
    past.committed(offsets(5, 0));
    expect(past.value).toBe(1000);
    past.committed(offsets(5, 4));
    expect(past.value).toBe(2000);
  });

  it('is reached in a partition that the retention has emptied, though the commits never will reach it', () => {
    const past = new KafkaPast();
    past.sample(1000, ends([3, 10]));
    past.committed(offsets(5));
    expect(past.value).toBeUndefined();
    past.sample(2000, ends([10, 10]));
    past.committed(offsets(5));
    expect(past.value).toBe(2000);
  });

  it('stays when the commits go back, as it was true', () => {
    const past = new KafkaPast();
    past.sample(1000, ends([0, 5]));
    past.committed(offsets(5));
    past.sample(2000, ends([0, 5]));
    past.committed(offsets(0));
    expect(past.value).toBe(1000);
  });

  it('is not what was committed in another log: made anew or cut off, it begins with what nobody has read', () => {
    const past = new KafkaPast();
    past.sample(1000, ends([0, 5], [0, 3]));
    past.committed(offsets(100, 3));
    expect(past.value).toBeUndefined();
    past.sample(2000, ends([0, 6], [0, 3]));
    past.committed(offsets(6, 3));
    expect(past.value).toBe(2000);
  });

  it('takes nothing from a topic that has no partitions to show', () => {
    const past = new KafkaPast();
    past.sample(1000, new Map());
    past.committed(new Map());
    expect(past.value).toBeUndefined();
  });

  it('keeps up with a group that lags by more samples than are kept', () => {
    const past = new KafkaPast();
    for (let at = 1; at <= 10_000; at += 1) past.sample(at, ends([0, at]));
    past.committed(offsets(2500));
    expect(past.value).toBeGreaterThan(0);
    expect(past.value).toBeLessThanOrEqual(2500);
    past.committed(offsets(10_000));
    expect(past.value).toBe(10_000);
  });
});
