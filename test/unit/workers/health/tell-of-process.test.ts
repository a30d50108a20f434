import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ProcessReport } from '../../../../src/domain/flow/process-report.js';
import { tellOfProcess } from '../../../../src/workers/health/tell-of-process.js';

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const report: ProcessReport = {
  consumes: true,
  http: '127.0.0.1:9464',
  reasons: [],
  holds: [],
  unchecked: [],
  inHand: { stages: [] },
};

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('a process tells of itself', () => {
  it('each second, also after Redis was away, and takes itself out when it ends in good order', async () => {
    const told: (readonly string[])[] = [];
    let away = false;
    const reports = {
      async tell(side: string, processId: string) {
        if (away) throw new Error('Redis is away');
        told.push([side, processId]);
      },
      leave: async (side: string, processId: string) => void told.push(['left', side, processId]),
    };
    const telling = tellOfProcess({ side: 'kafka', processId: 'p-1', reports, report: () => report, log: quiet });
    await vi.advanceTimersByTimeAsync(2_000);
    expect(told).toHaveLength(3);
    away = true;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(told).toHaveLength(3);
    away = false;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(told).toHaveLength(4);
    await telling.stop();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(told.slice(3)).toEqual([
      ['kafka', 'p-1'],
      ['left', 'kafka', 'p-1'],
    ]);
  });
});
