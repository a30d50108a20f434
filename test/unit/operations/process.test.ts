import { describe, expect, it } from 'vitest';
import { describeProcesses } from '../../../src/cli/render/processes.js';
import type { FoundReport, ProcessReport } from '../../../src/domain/flow/process-report.js';
import { viewProcess } from '../../../src/operations/process.js';

const NOW = Date.UTC(2026, 10, 23, 12);

const well: ProcessReport = {
  consumes: true,
  http: '127.0.0.1:9464',
  reasons: [],
  holds: [],
  unchecked: [],
  inHand: { stages: [] },
};

/** As status finds it: told `ageMs` ago. */
function found(report: ProcessReport | undefined, ageMs = 0, processId = 'web-1-4711-ab12'): FoundReport {
  return { processId, at: NOW - ageMs, ageMs, report };
}

const lines = (...reports: readonly FoundReport[]): string =>
  describeProcesses(reports.map(viewProcess), NOW).join('\n');

describe('status says of each process', () => {
  it('that it is ready, and what it has in hand', () => {
    expect(lines(found(well))).toBe('  web-1-4711-ab12: ready; nothing in hand');
    const inHand = { stages: [{ stage: 'starting', count: 3, forMs: 40 }], quietMs: 40 };
    expect(lines(found({ ...well, inHand }))).toMatch(/ready; 3 in hand: 3 starting, for the ledger and Temporal/);
  });

  it('for how long nothing was accepted of what it has in hand, well before that is a stall, and what each waits for', () => {
    const stages = [
      { stage: 'queued', count: 32, forMs: 34_000 },
      { stage: 'due', count: 256, forMs: 33_000 },
    ];
    const view = viewProcess(found({ ...well, inHand: { stages, quietMs: 34_000 } }, 1_000));
    expect(view).toMatchObject({
      state: 'ready',
      nothingAcceptedSince: new Date(NOW - 35_000).toISOString(),
      inHand: [
        { stage: 'queued', count: 32, waitsFor: 'room to linger (limits.lingering)' },
        { stage: 'due', count: 256, since: new Date(NOW - 34_000).toISOString() },
      ],
    });
    expect(describeProcesses([view], NOW).join()).toContain(
      '288 in hand, and nothing accepted for 35s: 32 queued, for room to linger (limits.lingering) (35s); 256 due',
    );
  });

  it('why it is not ready, since when, and what to do next', () => {
    const stalled = 'intake stands still: nothing was accepted for 75 s with 32 queued; this is a fault of handover';
    const text = lines(found({ ...well, reasons: [{ what: stalled, forMs: 15_000 }] }));
    expect(text).toContain('NOT READY');
    expect(text).toContain(`for 15s: ${stalled}`);
    expect(text).toContain('next: keep its log, then restart that worker');
    expect(text).toContain('http://127.0.0.1:9464/readyz');
  });

  it('what it holds for although it is ready, since when, and what to do next; once where it is a reason too', () => {
    const throttle = { what: 'throttle: 1000 messages wait for rocketmq, and 1000 may', forMs: 90_000 };
    const held = lines(found({ ...well, holds: [throttle] }));
    expect(held).toContain('ready, and holds');
    expect(held).toContain('for 1m 30s: throttle: 1000 messages wait for rocketmq');
    expect(held).toContain('next: start the other side');
    const ledger = { what: 'ledger: it is being rebuilt', forMs: 4_000 };
    const both = lines(found({ ...well, reasons: [ledger], holds: [ledger] }));
    expect(both.match(/it is being rebuilt/g)).toHaveLength(1);
  });

  it('that it is gone or hangs when it has told nothing of late, since when, and what it told last', () => {
    const away = { what: 'temporal: no connection', forMs: 1_000 };
    const view = viewProcess(found({ ...well, reasons: [away] }, 42_000));
    expect(view.state).toBe('silent');
    const text = describeProcesses([view], NOW).join('\n');
    expect(text).toContain('silent for 42s: it was killed, hangs, or does not reach Redis');
    expect(text).toContain('it said last: temporal: no connection');
    expect(text).toContain('next: look whether it runs');
  });

  it('no more than three names of those that are silent, so that one that is killed again and again hides nothing', () => {
    const silent = Array.from({ length: 40 }, (_, i) => found(well, 60_000 + i, `gone-${i}`));
    const text = lines(found(well), ...silent);
    expect(text.match(/silent for/g)).toHaveLength(3);
    expect(text).toContain('and 37 more that are silent');
  });

  it('that it is of another build where it cannot be read, and nothing that could steer the terminal', () => {
    expect(lines(found(undefined))).toContain('cannot be read; it is of another build');
    expect(lines(found({ ...well, reasons: [{ what: 'x: \u001b[2J\n', forMs: 1 }] }, 0, 'a\u001b[2Jb'))).not.toContain(
      '\u001b',
    );
  });
});
