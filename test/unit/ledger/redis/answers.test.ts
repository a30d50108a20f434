import { describe, expect, test } from 'vitest';
import {
  beginVerdict,
  claimVerdict,
  recordVerdict,
  reopenVerdict,
  resumeVerdict,
  routeVerdict,
} from '../../../../src/ledger/redis/answers.js';

const RUN = '0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0';

const DECODERS = { routeVerdict, claimVerdict, beginVerdict, recordVerdict, reopenVerdict, resumeVerdict };

describe('the answers of the scripts', () => {
  test.each([
    [
      routeVerdict,
      ['wait', 'kafka', 'w', '3'],
      { verdict: 'wait', owner: 'kafka', reason: 'whitelisted', policyVersion: 3 },
    ],
    [routeVerdict, ['done', 'kafka', 's', ''], { verdict: 'done', owner: 'kafka', reason: 'switch off' }],
    [
      routeVerdict,
      ['done', 'kafka', 's', 'refused'],
      { verdict: 'done', owner: 'kafka', reason: 'switch off', outcome: 'refused' },
    ],
    [routeVerdict, ['check', 'kafka', 's', RUN], { verdict: 'check', owner: 'kafka', reason: 'switch off', run: RUN }],
    [
      claimVerdict,
      ['claimed', 'kafka', 's', '2'],
      { verdict: 'claimed', owner: 'kafka', reason: 'switch off', round: 2 },
    ],
    [claimVerdict, ['other-run', 'kafka', RUN], { verdict: 'other-run', owner: 'kafka', run: RUN }],
    [beginVerdict, ['go', '20', '10'], { verdict: 'go', deadline: 20, now: 10 }],
    [beginVerdict, ['uncovered', '1', '2'], { verdict: 'uncovered', round: 1, attempt: 2 }],
    [beginVerdict, ['settled', 'kafka', 'granted'], { verdict: 'settled', owner: 'kafka', outcome: 'granted' }],
    [recordVerdict, ['moved-on'], { verdict: 'moved-on' }],
    [reopenVerdict, ['too-early', '20', '10'], { verdict: 'too-early', notBefore: 20, now: 10 }],
    [
      resumeVerdict,
      ['resumed', 'kafka', '0', 'clean'],
      { verdict: 'resumed', owner: 'kafka', round: 0, certainty: 'clean' },
    ],
  ] as const)('%o of %j', (decode, answer, verdict) => {
    expect(decode(answer)).toEqual(verdict);
  });

  describe.each(Object.entries(DECODERS))('%s', (_name, decode) => {
    test.each([
      [[]],
      [['OK']],
      [['']],
      [['settled']],
      [['settled', 'kafka', 'paid']],
      [['settled', 'nobody', 'granted']],
    ])('takes %j for an error, never for a verdict', (answer) => {
      expect(() => decode(answer)).toThrow(expect.objectContaining({ code: 'ledger-rejected' }));
    });
  });

  test.each([[['go', '', '10']], [['go', 'soon', '10']], [['go', '10']], [['late', '1.5', '1']]])(
    'begin takes %j for an error, never for a go',
    (answer) => {
      expect(() => beginVerdict(answer)).toThrow(expect.objectContaining({ code: 'ledger-rejected' }));
    },
  );

  test('only the answer go lets an attempt go', () => {
    const others = ['late', 'uncovered', 'parked', 'other-run', 'lost', 'settled'];
    const facts = { 'other-run': ['kafka', RUN], settled: ['kafka', 'granted'] } as Record<string, string[]>;
    for (const name of others) expect(beginVerdict([name, ...(facts[name] ?? ['1', '1'])]).verdict).not.toBe('go');
  });
});
