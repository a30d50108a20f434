import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blamesWorker, classifyStatus } from '../../../../src/reward/http/classify.js';
import type { StatusClass } from '../../../../src/reward/http/options.js';

/** The contract, written out once more and by hand: what is not here is a refusal (4xx), a grant (2xx) or unknown. */
const NAMED: Record<number, StatusClass> = {
  401: 'not-executed',
  403: 'not-executed',
  407: 'not-executed',
  408: 'unknown',
  409: 'unknown',
  425: 'unknown',
  429: 'not-executed',
};

describe('what a status says of the reward', () => {
  it.each([200, 201, 202, 204, 299])('%i is granted', (status) => {
    expect(classifyStatus(status, false)).toBe('granted');
  });

  it.each([400, 402, 404, 405, 410, 413, 422, 451, 499])('%i is a business no', (status) => {
    expect(classifyStatus(status, false)).toBe('refused');
  });

  it.each(Object.entries(NAMED))('%s is %s', (status, expected) => {
    expect(classifyStatus(Number(status), false)).toBe(expected);
  });

  it.each([300, 301, 302, 307, 308, 500, 501, 502, 504, 505, 511, 599])('%i leaves the outcome unknown', (status) => {
    expect(classifyStatus(status, false)).toBe('unknown');
    expect(classifyStatus(status, true)).toBe('unknown');
  });

  it('takes a 503 for a turned-away request only when it says when to come again', () => {
    expect(classifyStatus(503, true)).toBe('not-executed');
    expect(classifyStatus(503, false)).toBe('unknown');
  });

  it('lets the configuration go before everything, for the codes it names and no others', () => {
    const classes = fc.constantFrom<StatusClass>('granted', 'refused', 'not-executed', 'unknown');
    const status = fc.integer({ min: 200, max: 599 });
    fc.assert(
      fc.property(status, status, fc.boolean(), classes, (code, other, hasRetryAfter, configured) => {
        expect(classifyStatus(code, hasRetryAfter, { [code]: configured })).toBe(configured);
        if (other !== code) {
          expect(classifyStatus(other, hasRetryAfter, { [code]: configured })).toBe(
            classifyStatus(other, hasRetryAfter),
          );
        }
      }),
    );
  });

  it('lets another attempt follow for no status but 401, 403, 407, 429 and a 503 with Retry-After', () => {
    const retried = [];
    for (let status = 100; status <= 599; status++) {
      if (classifyStatus(status, false) === 'not-executed') retried.push(status);
      if (classifyStatus(status, true) === 'not-executed' && !retried.includes(status)) retried.push(status);
    }
    expect(retried).toEqual([401, 403, 407, 429, 503]);
  });

  it('blames the worker for its credentials and its route only', () => {
    expect([400, 401, 402, 403, 404, 407, 408, 429, 500, 503].filter(blamesWorker)).toEqual([401, 403, 407]);
  });
});
