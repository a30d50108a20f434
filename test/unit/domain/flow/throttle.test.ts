import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideHold, roomFor } from '../../../../src/domain/flow/throttle.js';

const limit = 1_000;
const count = fc.integer({ min: 0, max: 10_000 });
const counts = fc.oneof(
  fc.tuple(count, count),
  count.map((both) => [both, both] as [number, number]),
);
const anyLimit = fc.integer({ min: 1, max: 10_000 });

describe('the throttle', () => {
  it('holds at the limit, and goes on below 80 % of it', () => {
    const at = (forOther: number, holding: boolean) => decideHold({ forOther, forMe: 0, limit, holding });
    expect([at(999, false), at(1_000, false)]).toEqual([false, true]);
    expect([at(800, true), at(799, true)]).toEqual([true, false]);
  });

  it('never holds both sides, whatever they did before: somebody always brings what the other waits for', () => {
    fc.assert(
      fc.property(counts, anyLimit, fc.boolean(), fc.boolean(), ([kafka, rocketmq], max, kafkaHeld, rocketmqHeld) => {
        const kafkaHolds = decideHold({ forOther: rocketmq, forMe: kafka, limit: max, holding: kafkaHeld });
        const rocketmqHolds = decideHold({ forOther: kafka, forMe: rocketmq, limit: max, holding: rocketmqHeld });
        expect(kafkaHolds && rocketmqHolds).toBe(false);
      }),
    );
  });

  it('leaves room to at least one side', () => {
    fc.assert(
      fc.property(counts, anyLimit, ([kafka, rocketmq], max) => {
        const room = [
          roomFor({ forMe: kafka, limit: max }) - rocketmq,
          roomFor({ forMe: rocketmq, limit: max }) - kafka,
        ];
        expect(Math.max(...room)).toBeGreaterThan(0);
      }),
    );
  });

  it('is at the limit itself as long as few wait the other way', () => {
    expect(roomFor({ forMe: 800, limit })).toBe(limit);
    expect(roomFor({ forMe: 1_000, limit })).toBe(1_200);
  });

  it('ends every hold once nothing waits', () => {
    fc.assert(
      fc.property(count, anyLimit, fc.boolean(), (forMe, max, holding) => {
        expect(decideHold({ forOther: 0, forMe, limit: max, holding })).toBe(false);
      }),
    );
  });
});
