import { expect, it } from 'vitest';
import type { GrantResult } from '../../../src/domain/reward/outcome.js';
import { ProviderWatch } from '../../../src/workers/provider-watch.js';

const refused: GrantResult = {
  outcome: 'not-executed',
  evidence: { phase: 'not-sent', detail: 'connect ECONNREFUSED' },
};
const granted: GrantResult = { outcome: 'granted', evidence: { phase: 'answered', detail: 'HTTP 200' } };
const rejected: GrantResult = {
  outcome: 'not-executed',
  workerAtFault: true,
  evidence: { phase: 'answered', detail: 'HTTP 401' },
};

function watchAt() {
  const clock = { now: 0 };
  const watch = new ProviderWatch(() => clock.now);
  const attempts = (count: number, result: GrantResult) => {
    for (let i = 0; i < count; i += 1) {
      clock.now += 1_000;
      watch.attempt(result, `m-${clock.now}`);
    }
  };
  return { watch, clock, attempts };
}

it('says that no attempt of late has settled a message, since when and how the last one ended, and stays ready', () => {
  const { watch, attempts } = watchAt();
  attempts(4, refused);
  expect(watch.waits()).toEqual([]);
  attempts(3, refused);
  expect(watch.waits()).toEqual([
    'provider: none of the last 7 attempts of this process, in 6 s, has settled a message; the last one: connect ECONNREFUSED',
  ]);
  expect(watch.reasons()).toEqual([]);
});

it('says so no more once one has settled, nor when nothing was tried for long, as that says nothing of now', () => {
  const { watch, clock, attempts } = watchAt();
  attempts(7, refused);
  attempts(1, granted);
  expect(watch.waits()).toEqual([]);
  attempts(7, refused);
  clock.now += 601_000;
  expect(watch.waits()).toEqual([]);
});

it('says once that the provider rejects this process, as the reason that it is', () => {
  const { watch, attempts } = watchAt();
  attempts(7, rejected);
  expect(watch.reasons()).toHaveLength(1);
  expect(watch.waits()).toEqual([]);
});
