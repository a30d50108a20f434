import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PartitionEnds } from '../../../../../src/brokers/kafka/progress/past.js';
import { KafkaStoredTimes, type Moment } from '../../../../../src/brokers/kafka/progress/stored-times.js';

function ends(...highs: readonly number[]): Map<number, PartitionEnds> {
  return new Map(highs.map((high, partition) => [partition, { low: 0n, high: BigInt(high) }]));
}

/** Both clocks of the machine, which ran evenly. */
function at(ms: number): Moment {
  return { wall: 1_000_000 + ms, monotonic: ms };
}

const LATER = at(100_000);

describe('when a Kafka broker stored a record', () => {
  it('lies between the last ends that did not show it, asked for, and the first that did, answered', () => {
    const times = new KafkaStoredTimes();
    times.sample(at(1_000), at(1_010), ends(5, 9));
    times.sample(at(2_000), at(2_010), ends(8, 9));
    times.sample(at(3_000), at(3_010), ends(9, 12));
    expect(times.of(0, 5n, LATER)).toEqual({ after: 1_001_000, by: 1_002_010 });
    expect(times.of(0, 7n, LATER)).toEqual({ after: 1_001_000, by: 1_002_010 });
    expect(times.of(0, 8n, LATER)).toEqual({ after: 1_002_000, by: 1_003_010 });
    expect(times.of(1, 9n, LATER)).toEqual({ after: 1_002_000, by: 1_003_010 });
  });

  it('is not known to be after anything for what was there before the first look', () => {
    const times = new KafkaStoredTimes();
    times.sample(at(1_000), at(1_010), ends(5));
    expect(times.of(0, 4n, LATER)).toEqual({ by: 1_001_010 });
  });

  it('is at most now for what came before any look showed it, or in a partition that no look has shown', () => {
    const times = new KafkaStoredTimes();
    expect(times.of(0, 0n, LATER)).toEqual({ by: LATER.wall });
    times.sample(at(1_000), at(1_010), ends(5));
    expect(times.of(0, 5n, LATER)).toEqual({ after: 1_001_000, by: LATER.wall });
    expect(times.of(1, 0n, LATER)).toEqual({ by: LATER.wall });
    times.sample(at(2_000), at(2_010), ends(5, 3));
    expect(times.of(1, 0n, LATER)).toEqual({ by: 1_002_010 });
  });

  it('is not taken from before the topic was made anew or its log was cut off: offsets are given anew then', () => {
    const times = new KafkaStoredTimes();
    times.sample(at(1_000), at(1_010), ends(100, 100));
    times.sample(at(2_000), at(2_010), ends(100, 50));
    expect(times.of(1, 40n, LATER)).toEqual({ by: 1_002_010 });
    times.sample(at(3_000), at(3_010), ends(100, 60));
    expect(times.of(1, 55n, LATER)).toEqual({ after: 1_002_000, by: 1_003_010 });
    times.sample(at(4_000), at(4_010), ends(100));
    expect(times.of(0, 40n, LATER)).toEqual({ by: 1_004_010 });
  });

  it('is bounded the wider where the wall clock was set, or the machine slept, in between', () => {
    const set = new KafkaStoredTimes();
    set.sample(at(1_000), at(1_010), ends(5));
    set.sample(at(2_000), at(2_010), ends(9));
    const setBack = { wall: 3_000, monotonic: 3_000 };
    expect(set.of(0, 6n, setBack)).toEqual({ after: 1_000, by: 3_000 });
    const setAhead = { wall: 5_000_000, monotonic: 3_000 };
    expect(set.of(0, 6n, setAhead)).toEqual({ after: 1_001_000, by: 4_999_010 });
    const slept = { wall: 1_603_000, monotonic: 3_000 };
    expect(set.of(0, 6n, slept)).toEqual({ after: 1_001_000, by: 1_602_010 });
  });

  it('keeps true bounds over ten times the samples that are kept, and no more of them', () => {
    const times = new KafkaStoredTimes();
    for (let second = 1; second <= 2_400; second += 1) {
      times.sample(at(second * 1_000), at(second * 1_000 + 10), ends(second));
    }
    for (let offset = 0; offset < 2_400; offset += 1) {
      const stored = { least: 1_000_000 + offset * 1_000, most: 1_000_000 + (offset + 1) * 1_000 };
      const { after = 0, by = 0 } = times.of(0, BigInt(offset), at(2_500_000));
      expect(after).toBeLessThanOrEqual(stored.least);
      expect(by).toBeGreaterThanOrEqual(stored.most);
    }
    expect(times.of(0, 2_399n, at(2_500_000))).toEqual({ after: 1_000_000 + 2_399_000, by: 1_000_000 + 2_400_010 });
    expect(times.kept).toBeLessThanOrEqual(240);
  });

  it('is always within its bounds, however the partition grows and whenever it is looked at', () => {
    const looks = fc.array(
      fc.record({ grows: fc.nat(3), pause: fc.integer({ min: 1, max: 5_000 }), takes: fc.nat(900) }),
    );
    fc.assert(
      fc.property(looks, (given) => {
        const times = new KafkaStoredTimes();
        const storedAt: number[] = [];
        let now = 0;
        for (const { grows, pause, takes } of given) {
          // The broker reads its ends halfway between the question and the answer.
          const asked = now + pause;
          const read = asked + takes / 2;
          for (let index = 0; index < grows; index += 1) storedAt.push(read - (read - now) / (index + 1));
          storedAt.sort((a, b) => a - b);
          now = asked + takes;
          times.sample(at(asked), at(now), ends(storedAt.length));
        }
        storedAt.forEach((stored, offset) => {
          const { after = 0, by = 0 } = times.of(0, BigInt(offset), at(now + 1));
          expect(after).toBeLessThanOrEqual(1_000_000 + stored);
          expect(by).toBeGreaterThanOrEqual(1_000_000 + stored);
        });
      }),
    );
  });
});
