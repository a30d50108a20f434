import { describe, expect, it } from 'vitest';
import { CONTENDERS } from '../../../bench/contenders/contender.js';
import { PARTS, readFlags } from '../../../bench/flags.js';

describe('the flags of the benchmark', () => {
  it('measure everything by default', () => {
    expect(readFlags([])).toMatchObject({
      contenders: CONTENDERS,
      parts: PARTS,
      temporal: 'dev',
      rounds: 3,
      json: false,
    });
  });

  it('measure only the contenders and parts that are named', () => {
    expect(readFlags(['--only', 'handover,latency'])).toMatchObject({ contenders: ['handover'], parts: ['latency'] });
    expect(readFlags(['--only', 'ledger'])).toMatchObject({ contenders: CONTENDERS, parts: ['ledger'] });
  });

  it('are undefined where help is asked for', () => {
    expect(readFlags(['--help'])).toBeUndefined();
  });

  it.each([
    [['--only', 'textbok']],
    [['--messages', '0']],
    [['--messages', 'many']],
    [['--temporal', 'cloud']],
    [['--nonsense']],
  ])('refuse %j as wrong use', (args) => {
    expect(() => readFlags(args)).toThrow(expect.objectContaining({ code: 'wrong-use' }));
  });
});
