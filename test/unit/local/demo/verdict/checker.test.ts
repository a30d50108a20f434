import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { check, type ProviderEntry, type Told } from '../../../../../src/local/demo/verdict/checker.js';

const POISON = '{"poison":"demo-a-poison-1"}';

function entry(messageId: string, attempt: number, rest: Partial<ProviderEntry> = {}): ProviderEntry {
  return { messageId, attempt, effect: 'granted', fault: null, bodyHash: `hash of ${messageId}`, ...rest };
}

/** A run without a fault: each message granted at its first call. */
function clean(ids: readonly string[]) {
  return {
    published: ids,
    poisonBodies: [POISON],
    provider: ids.map((id) => entry(id, 1)),
    told: new Map<string, Told>(ids.map((id) => [id, 'granted'])),
  };
}

describe('the checker', () => {
  it('finds nothing in a run without a fault', () => {
    expect(check(clean(['a', 'b', 'c']))).toMatchObject({
      granted: 3,
      refused: 0,
      parked: 0,
      lost: [],
      duplicateEffects: 0,
      wronglyRefused: [],
      repeatedBlindly: [],
      poisonAsked: 0,
      retried: 0,
      effects: 3,
    });
  });

  it('finds a message that was rewarded twice, and counts each reward beyond the first', () => {
    const run = clean(['a', 'b', 'c']);
    const provider = [...run.provider, entry('b', 2), entry('b', 3)];
    expect(check({ ...run, provider })).toMatchObject({ duplicateEffects: 2, rewardedTwice: ['b'] });
  });

  it('finds a second effect of one and the same call', () => {
    const run = clean(['a']);
    const provider = [...run.provider, entry('a', 1)];
    expect(check({ ...run, provider })).toMatchObject({ duplicateEffects: 1, rewardedTwice: ['a'], calls: 1 });
  });

  it('finds a message that nobody knows any more', () => {
    const run = clean(['a', 'b']);
    const findings = check({ ...run, provider: [entry('a', 1)], told: new Map([['a', 'granted']]) });
    expect(findings).toMatchObject({ granted: 1, lost: ['b'] });
  });

  it('takes a message for lost that is told as granted but was never rewarded', () => {
    expect(check({ ...clean(['a', 'b']), provider: [entry('a', 1)] })).toMatchObject({ granted: 1, lost: ['b'] });
  });

  it('takes a message for lost that was rewarded but is not shown as anything', () => {
    expect(check({ ...clean(['a', 'b']), told: new Map([['a', 'granted']]) })).toMatchObject({
      granted: 1,
      lost: ['b'],
    });
  });

  it('accounts for every message once', () => {
    const told = new Map<string, Told>([
      ['a', 'granted'],
      ['b', 'refused'],
      ['c', 'parked'],
    ]);
    const provider = [entry('a', 1), entry('b', 1, { effect: 'none', fault: 'refuse' }), entry('c', 1)];
    const findings = check({ published: ['a', 'b', 'c', 'd'], poisonBodies: [], provider, told });
    expect(findings).toMatchObject({ granted: 1, refused: 1, parked: 1, lost: ['d'], parkedRewarded: 1 });
    expect(findings.wronglyRefused).toEqual([]);
  });

  it('finds a message that is shown as refused although the provider did not say so', () => {
    const told = new Map<string, Told>([
      ['paid', 'refused'],
      ['never asked', 'refused'],
    ]);
    const provider = [entry('paid', 1)];
    const findings = check({ published: ['paid', 'never asked'], poisonBodies: [], provider, told });
    expect(findings.wronglyRefused).toEqual(['paid', 'never asked']);
  });

  it('lets an attempt be repeated that was turned away', () => {
    const turnedAway = ['429', '503'].map((fault, i) => entry('a', i + 1, { effect: 'none', fault }));
    const findings = check({ ...clean(['a']), provider: [...turnedAway, entry('a', 3)] });
    expect(findings).toMatchObject({ repeatedBlindly: [], retried: 2, calls: 3, duplicateEffects: 0 });
  });

  it('finds an attempt that was repeated although its outcome was not known, were it without harm', () => {
    const provider = [entry('a', 1, { effect: 'none', fault: 'hang-then-grant' }), entry('a', 2)];
    expect(check({ ...clean(['a']), provider })).toMatchObject({ repeatedBlindly: ['a'], duplicateEffects: 0 });
  });

  it('finds a reward that was asked for poison', () => {
    const bodyHash = createHash('sha256').update(POISON).digest('hex');
    const run = clean(['a']);
    const provider = [...run.provider, entry(`sha256:${bodyHash}`, 1, { bodyHash })];
    expect(check({ ...run, provider }).poisonAsked).toBe(1);
  });

  it('leaves alone what was not published by the run', () => {
    const run = clean(['a']);
    const provider = [...run.provider, entry('foreign', 1), entry('foreign', 2)];
    expect(check({ ...run, provider })).toMatchObject({ duplicateEffects: 0, retried: 0, effects: 1 });
  });
});
