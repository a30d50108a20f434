import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeFailure } from '../../../../src/reward/http/failure.js';

describe('what is said of a failed request', () => {
  it.each([
    ['ENOTFOUND', 'its name could not be resolved (ENOTFOUND)'],
    ['ECONNREFUSED', 'the connection was refused (ECONNREFUSED)'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'TLS failed (DEPTH_ZERO_SELF_SIGNED_CERT)'],
    ['UND_ERR_SOCKET', 'the connection was closed by the other side (UND_ERR_SOCKET)'],
    ['EWHATEVER', 'the request failed (EWHATEVER)'],
  ])('%s: %s', (code, expected) => {
    expect(describeFailure(Object.assign(new Error('planted'), { code }))).toBe(expected);
  });

  it('quotes nothing but a code, whatever is thrown', () => {
    const thrown = fc.oneof(
      fc.anything(),
      fc.string().map((text) => new Error(text)),
      fc.record({ code: fc.anything(), message: fc.string() }),
    );
    fc.assert(
      fc.property(thrown, (error) => {
        expect(describeFailure(error)).toMatch(/^[a-zA-Z ]+( \([A-Z][A-Z0-9_]*\))?$/);
      }),
    );
  });
});
