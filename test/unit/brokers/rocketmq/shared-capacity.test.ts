import { describe, expect, it } from 'vitest';
import { SharedCapacity } from '../../../../src/brokers/rocketmq/shared-capacity.js';
import type { DeliverySink } from '../../../../src/brokers/source.js';

function sinkWith(room: () => Promise<number>): DeliverySink {
  return { capacity: room, take: () => [] };
}

const never = new AbortController().signal;

describe('a sink’s capacity among polls', () => {
  it('goes whole to the only one, but not beyond what one may fetch', async () => {
    const capacity = new SharedCapacity(sinkWith(async () => 20));
    expect(await capacity.reserve(1, 32, never)).toBe(20);
    capacity.release(20);
    expect(await capacity.reserve(1, 8, never)).toBe(8);
  });

  it('is shared among several, and never given twice', async () => {
    const capacity = new SharedCapacity(sinkWith(async () => 10));
    const shares = [await capacity.reserve(3, 32, never), await capacity.reserve(3, 32, never)];
    shares.push(await capacity.reserve(3, 32, never), await capacity.reserve(3, 32, never));
    expect(shares).toEqual([3, 3, 3, 1]);
  });

  it('waits for a release when all of it is reserved', async () => {
    const capacity = new SharedCapacity(sinkWith(async () => 1));
    expect(await capacity.reserve(2, 32, never)).toBe(1);
    let second: number | undefined;
    const waiting = capacity.reserve(2, 32, never).then((share) => {
      second = share;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(second).toBeUndefined();
    capacity.release(1);
    await waiting;
    expect(second).toBe(1);
  });

  it('is given up when the signal is aborted, and goes to the next one then', async () => {
    const capacity = new SharedCapacity(sinkWith(async () => 1));
    const share = await capacity.reserve(1, 32, never);
    const stopping = new AbortController();
    const waiting = capacity.reserve(1, 32, stopping.signal);
    stopping.abort(new Error('stopping'));
    await expect(waiting).rejects.toThrow('stopping');
    capacity.release(share);
    expect(await capacity.reserve(1, 32, never)).toBe(1);
  });

  it('is refused at once when the signal was aborted before', async () => {
    const capacity = new SharedCapacity(sinkWith(async () => 1));
    await capacity.reserve(1, 32, never);
    await expect(capacity.reserve(1, 32, AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped');
  });
});
