import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Watermark } from '../../../../src/brokers/kafka/watermark.js';

/** Ascending offsets with gaps, and the order in which they are accepted, up to some point. */
const runs = fc
  .record({ start: fc.bigInt(0n, 1000n), gaps: fc.array(fc.bigInt(0n, 3n), { maxLength: 40 }) })
  .chain(({ start, gaps }) => {
    const offsets: bigint[] = [];
    let next = start;
    for (const gap of gaps) {
      offsets.push(next + gap);
      next += gap + 1n;
    }
    return fc.record({
      start: fc.constant(start),
      offsets: fc.constant(offsets),
      accepted: fc.shuffledSubarray(offsets),
    });
  });

describe('the watermark', () => {
  it('never passes an offset that is not accepted, and passes all before it', () => {
    fc.assert(
      fc.property(runs, ({ start, offsets, accepted }) => {
        const watermark = new Watermark(start);
        for (const offset of offsets) watermark.handOver(offset);
        const done = new Set<bigint>();
        for (const offset of accepted) {
          watermark.accept(offset);
          done.add(offset);
          const open = offsets.find((candidate) => !done.has(candidate));
          const end = (offsets.at(-1) ?? start - 1n) + 1n;
          expect(watermark.committable).toBe(open ?? end);
          expect(watermark.pending).toBe(offsets.length - done.size);
        }
      }),
    );
  });

  it('never goes back, however handing over and accepting are mixed', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(5)), (choices) => {
        const watermark = new Watermark(10n);
        const pending: bigint[] = [];
        let next = 10n;
        let last = watermark.committable;
        for (const choice of choices) {
          if (choice < 3) {
            watermark.handOver(next);
            pending.push(next);
            next += 1n;
          } else {
            for (const offset of pending.splice(choice % (pending.length + 1), 1)) watermark.accept(offset);
          }
          expect(watermark.committable).toBeGreaterThanOrEqual(last);
          last = watermark.committable;
        }
      }),
    );
  });

  it('passes what holds no delivery once all before it is accepted', () => {
    const watermark = new Watermark(5n);
    watermark.handOver(5n);
    watermark.skipTo(9n);
    expect(watermark.committable).toBe(5n);
    watermark.accept(5n);
    expect(watermark.committable).toBe(9n);
    watermark.skipTo(7n);
    expect(watermark.committable).toBe(9n);
  });

  it('is not moved by an offset accepted twice, and refuses one handed over twice', () => {
    const watermark = new Watermark(0n);
    watermark.handOver(0n);
    watermark.handOver(1n);
    watermark.accept(0n);
    watermark.accept(0n);
    expect(watermark.committable).toBe(1n);
    expect(() => watermark.handOver(1n)).toThrow(RangeError);
  });
});
