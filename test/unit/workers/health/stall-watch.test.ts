import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { NOBODY } from '../../../../src/domain/flow/flow.js';
import type { IntakeLook } from '../../../../src/domain/flow/stall.js';
import { StallWatch } from '../../../../src/workers/health/stall-watch.js';

const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };

function open(throttle?: { what: string; since: number }) {
  const seen: { look: Omit<IntakeLook, 'now'> } = {
    look: {
      census: { ...NOBODY, queued: 32, due: 256 },
      accepted: 0,
      oldest: { queued: performance.now(), due: performance.now() },
      holds: [],
      throttled: throttle !== undefined,
    },
  };
  const watch = new StallWatch({ look: () => seen.look, throttle: () => throttle, afterMs: 60_000, log });
  watch.start();
  return { watch, seen };
}

beforeEach(() => {
  vi.useFakeTimers();
  for (const write of Object.values(log)) write.mockClear();
});
afterEach(() => void vi.useRealTimers());

describe('the stall watch', () => {
  it('tells a stall within its time as a fault: in the reason, in the log with the counts, again each minute, and its end', () => {
    const { watch, seen } = open();
    vi.advanceTimersByTime(59_000);
    expect([watch.reason, log.error.mock.calls.length]).toEqual([undefined, 0]);
    vi.advanceTimersByTime(2_000);
    expect(watch.reason).toMatch(
      /nothing was accepted for 6\d s with 32 queued, 256 due, .* this is a fault of handover/,
    );
    expect(watch.quietSeconds).toBeGreaterThanOrEqual(60);
    expect(log.error.mock.calls[0]?.[0]).toMatchObject({
      event: 'intake-stalled',
      stages: { queued: 32, due: 256, routing: 0 },
    });
    vi.advanceTimersByTime(60_000);
    expect(log.error).toHaveBeenCalledTimes(2);
    seen.look = { ...seen.look, accepted: 1 };
    vi.advanceTimersByTime(1_000);
    expect(watch.reason).toBeUndefined();
    expect(log.info.mock.calls[0]?.[0]).toMatchObject({ event: 'intake-goes-on' });
    watch.stop();
  });

  it('shows a hold with what it is for and since when, says it each minute, and takes it for no stall', () => {
    const since = Date.now() - 5_000;
    const { watch } = open({ what: 'throttle: 1000 messages wait for rocketmq', since });
    vi.advanceTimersByTime(200_000);
    expect(watch.reason).toBeUndefined();
    expect(watch.holds).toEqual([
      { what: 'throttle: 1000 messages wait for rocketmq', since: new Date(since).toISOString() },
    ]);
    expect(log.warn.mock.calls.map(([fields]) => fields)).toMatchObject([
      { event: 'intake-holds', stages: { queued: 32 } },
      { event: 'intake-holds' },
      { event: 'intake-holds' },
    ]);
    watch.stop();
  });

  it('shows since when a dependency is away', () => {
    const { watch, seen } = open();
    vi.advanceTimersByTime(10_000);
    const since = new Date().toISOString();
    seen.look = { ...seen.look, holds: [{ what: 'temporal: no connection', dependency: 'temporal' }] };
    watch.look();
    vi.advanceTimersByTime(120_000);
    expect(watch.holds).toEqual([{ what: 'temporal: no connection', since }]);
    expect(watch.lasting).toEqual([{ what: 'temporal: no connection', forMs: 120_000 }]);
    expect(watch.reason).toBeUndefined();
    watch.stop();
  });

  it('names the stage of one delivery that does not come to an end, and what it waits for, also during a hold', () => {
    const { watch, seen } = open();
    seen.look = {
      ...seen.look,
      census: { ...NOBODY, routing: 1, due: 3 },
      oldest: { routing: performance.now() },
      holds: [{ what: 'temporal: no connection', dependency: 'temporal' }],
    };
    vi.advanceTimersByTime(62_000);
    expect(watch.reason).toMatch(
      /a delivery has been routing for 6\d s and does not come to an end, with 1 routing, 3 due; nothing is away that it needs \(the ledger to say whose it is\)/,
    );
    watch.stop();
  });

  it('tells for how long each stage has had its oldest delivery, and for how long nothing was accepted', () => {
    const { watch } = open();
    vi.advanceTimersByTime(30_000);
    expect(watch.inHand).toEqual({
      stages: [
        { stage: 'queued', count: 32, forMs: 30_000 },
        { stage: 'due', count: 256, forMs: 30_000 },
      ],
      quietMs: 30_000,
    });
    watch.stop();
  });
});
