import { describe, expect, it } from 'vitest';
import { readReport } from '../../../../src/domain/flow/process-report.js';

describe('what a process of another build tells of itself', () => {
  it('is read where it says more, and counts for nothing where it is missing or something else', () => {
    const told = {
      consumes: true,
      http: 7,
      reasons: [{ what: 'temporal: away', forMs: 3, more: 1 }, 'odd', { what: 'x' }, null],
      inHand: { stages: [{ stage: 'another', count: 2, forMs: 5 }, { stage: 'due' }], quietMs: 'long' },
      later: {},
    };
    expect(readReport(JSON.stringify(told))).toEqual({
      consumes: true,
      http: '',
      reasons: [{ what: 'temporal: away', forMs: 3, more: 1 }],
      holds: [],
      unchecked: [],
      inHand: { stages: [{ stage: 'another', count: 2, forMs: 5 }] },
    });
    expect(readReport('{}')).toMatchObject({ consumes: false, reasons: [], inHand: { stages: [] } });
  });

  it('is no report where it is none', () => {
    for (const text of ['', '{', '1', 'null', '[]']) expect(readReport(text)).toBeUndefined();
  });
});
