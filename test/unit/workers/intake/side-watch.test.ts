import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { OthersHolding } from '../../../../src/domain/message/holding.js';
import type { Side } from '../../../../src/domain/side.js';
import { SIGN_LIFETIME_MS } from '../../../../src/ledger/redis/stores/side-status.js';
import { type SideWatch, watchSides } from '../../../../src/workers/intake/side-watch.js';

const AHEAD_MS = 7;
const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** What one side can see of the other in Redis. */
class FakeSideStatus {
  lives = true;
  itsPast: number | undefined;
  isAway = false;
  answer: Promise<void> = Promise.resolve();
  known = true;
  others: OthersHolding[] = [];
  readonly told: OthersHolding[] = [];
  readonly reported: [Side, number][] = [];
  readonly asked: Side[] = [];
  readonly skipped: [Side, number][] = [];

  async alive(): Promise<void> {
    await this.answer;
    if (this.isAway) throw new Error('Redis is away');
  }
  async isAlive(): Promise<boolean> {
    return this.lives;
  }
  async consumedUpTo(side: Side): Promise<number | undefined> {
    this.asked.push(side);
    return this.itsPast;
  }
  async exchangeHoldings(_side: Side, _processId: string, told: OthersHolding) {
    this.told.push(told);
    return { known: this.known, others: this.others };
  }
  async reportConsumedUpTo(side: Side, pastMs: number): Promise<void> {
    this.reported.push([side, pastMs]);
  }
  async reportSkipped(side: Side, positions: number): Promise<void> {
    this.skipped.push([side, positions]);
  }
}

let sideStatus: FakeSideStatus;
let watch: SideWatch;
let skipped: number;

beforeEach(() => {
  vi.useFakeTimers();
  sideStatus = new FakeSideStatus();
  skipped = 0;
  const source = { consumedUpTo: () => 500, status: () => ({ ready: true, restarts: 0, skipped }) };
  watch = watchSides({ side: 'kafka', processId: 'p-1', sideStatus, source, redisAheadMs: () => AHEAD_MS, log: quiet });
});

afterEach(() => {
  watch.stop();
  vi.useRealTimers();
});

describe('how far the other side is', () => {
  it('is not known before it was looked at, nor where that side never said so', async () => {
    expect(watch.otherSidePast()).toBeUndefined();
    await vi.advanceTimersByTimeAsync(0);
    expect(watch.otherSidePast()).toBeUndefined();
    expect(sideStatus.asked).toEqual(['rocketmq']);
  });

  it('is looked at again and again, and asks Redis nothing for a message', async () => {
    sideStatus.itsPast = 1_000;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(watch.otherSidePast()).toBe(1_000);
    sideStatus.itsPast = 2_000;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(watch.otherSidePast()).toBe(2_000);
    for (let message = 0; message < 1_000; message += 1) watch.otherSidePast();
    expect(sideStatus.asked).toHaveLength(3);
  });

  it('is not known while Redis is away', async () => {
    sideStatus.itsPast = 1_000;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(watch.otherSidePast()).toBe(1_000);
    sideStatus.isAway = true;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(watch.otherSidePast()).toBeUndefined();
    sideStatus.isAway = false;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(watch.otherSidePast()).toBe(1_000);
  });

  it('is not known any more when a look does not come to an end', async () => {
    sideStatus.itsPast = 1_000;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(watch.otherSidePast()).toBe(1_000);
    sideStatus.answer = new Promise(() => {});
    await vi.advanceTimersByTimeAsync(SIGN_LIFETIME_MS + 1);
    expect(watch.otherSidePast()).toBeUndefined();
  });

  it('is told the other side of this one in Redis time', async () => {
    await vi.advanceTimersByTimeAsync(0);
    expect(sideStatus.reported).toEqual([['kafka', 507]]);
  });
});

describe('positions that the broker had deleted before they were read', () => {
  it('are added to the side’s count once each', async () => {
    await vi.advanceTimersByTimeAsync(0);
    expect(sideStatus.skipped).toEqual([]);
    skipped = 15;
    await vi.advanceTimersByTimeAsync(3_000);
    skipped = 17;
    await vi.advanceTimersByTimeAsync(3_000);
    expect(sideStatus.skipped).toEqual([
      ['kafka', 15],
      ['kafka', 2],
    ]);
  });
});

describe('how far this side is', () => {
  function watchGroup() {
    const seen: { others: (readonly OthersHolding[])[]; othersUnknown: number } = { others: [], othersUnknown: 0 };
    const source = {
      status: () => ({ ready: true, restarts: 0, skipped }),
      holding: () => ({ since: 400, gaveBackAt: 300 }),
      consumedUpTo(others: readonly OthersHolding[] = []) {
        seen.others.push(others);
        return 500;
      },
      othersUnknown() {
        seen.othersUnknown += 1;
      },
    };
    watch.stop();
    watch = watchSides({
      side: 'rocketmq',
      processId: 'p-2',
      sideStatus,
      source,
      redisAheadMs: () => AHEAD_MS,
      log: quiet,
    });
    return seen;
  }

  it('goes by what the other processes hold, told by the clock of Redis and heard by this one', async () => {
    sideStatus.others = [{ at: 1_007, since: 207, gaveBackAt: 107 }];
    const seen = watchGroup();
    await vi.advanceTimersByTimeAsync(0);
    expect(sideStatus.told).toEqual([{ since: 407, gaveBackAt: 307, at: Date.now() + AHEAD_MS }]);
    expect(seen.others).toEqual([[{ at: 1_000, since: 200, gaveBackAt: 100 }]]);
    expect(watch.consumedUpTo()).toBe(500);
  });

  it('is not asked for while it is not known what they hold', async () => {
    sideStatus.isAway = true;
    const seen = watchGroup();
    await vi.advanceTimersByTimeAsync(3_000);
    expect(seen.others).toEqual([]);
    expect(watch.consumedUpTo()).toBeUndefined();
  });

  it('is found anew where what they told was lost with Redis', async () => {
    sideStatus.known = false;
    const seen = watchGroup();
    await vi.advanceTimersByTimeAsync(0);
    expect(seen.othersUnknown).toBe(0);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(seen.othersUnknown).toBe(1);
  });
});
