import { ServiceError } from '@temporalio/client';
import { describe, expect, it } from 'vitest';
import { explainTemporal } from '../../../src/cli/open-temporal.js';
import { HandoverError } from '../../../src/domain/errors.js';
import { OutOfTime } from '../../../src/operations/answer-within.js';

describe('a call that Temporal does not answer as it should', () => {
  it.each([
    [
      'the client says so',
      new ServiceError('Failed', { cause: new Error('14 UNAVAILABLE: gone') }),
      /14 UNAVAILABLE: gone/,
    ],
    ['nobody answers in time', new OutOfTime('no answer within 3000 ms'), /no answer within 3000 ms/],
    ['gRPC says so', Object.assign(new Error('8 busy'), { code: 8, details: 'busy', metadata: {} }), /8 busy/],
  ])('is told with what to do next where %s', (_, thrown, words) => {
    const told = explainTemporal(thrown);
    expect(told).toMatchObject({ code: 'temporal-unavailable', message: expect.stringMatching(words) });
    expect((told as HandoverError).hint).toMatch(/address, namespace and credentials/);
  });

  it('is left alone where a command has said better what it is, or it is a fault of ours', () => {
    for (const thrown of [new HandoverError('no-worker', 'nobody'), new TypeError('oops')]) {
      expect(explainTemporal(thrown)).toBe(thrown);
    }
  });
});
