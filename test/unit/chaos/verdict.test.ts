import { describe, expect, it } from 'vitest';
import type { ProviderEntry } from '../../../src/local/demo/verdict/checker.js';
import { type End, reachVerdict, type Traces } from '../../chaos/verdict/verdict.js';

const scenario = { name: 'seeded', covers: [1], faults: ['a crash'], leastGranted: 2 };

function call(messageId: string, given: Partial<ProviderEntry> = {}): ProviderEntry {
  return { messageId, attempt: 1, effect: 'granted', fault: null, bodyHash: messageId, ...given };
}

/** A run of three messages in which all went well: two were granted, and one is parked. */
function clean(given: Partial<Traces> = {}): Traces {
  return {
    scenario,
    seed: 'a',
    published: ['m1', 'm2', 'm3'],
    resent: new Set(),
    poisonBodies: [],
    provider: [call('m1'), call('m2'), call('m3', { fault: 'grant-then-hang' })],
    ends: new Map<string, End>([
      ['m1', 'granted'],
      ['m2', 'granted'],
      ['m3', 'parked'],
    ]),
    fired: new Map([['a crash', 2]]),
    broken: [],
    seconds: 1,
    recoverySeconds: 1,
    ...given,
  };
}

describe('the verdict on a run', () => {
  it('is good where every message has come to an end, once', () => {
    expect(reachVerdict(clean())).toMatchObject({
      ok: true,
      messages: 3,
      granted: 2,
      parked: 1,
      duplicates: 0,
      lost: 0,
      faultsFired: 2,
      broken: [],
    });
  });

  it('finds a duplicate that is seeded into the provider’s ledger, whatever handover says', () => {
    const verdict = reachVerdict(clean({ provider: [...clean().provider, call('m2', { attempt: 2 })] }));
    expect(verdict).toMatchObject({ ok: false, duplicates: 1, lost: 0 });
    expect(verdict.broken.join()).toContain('1 rewarded more than once: m2');
  });

  it('finds a late effect of a request that was given up, after another one', () => {
    const late = call('m3', { attempt: 1 });
    expect(reachVerdict(clean({ provider: [...clean().provider, late] }))).toMatchObject({ ok: false, duplicates: 1 });
  });

  it('finds a loss: a message without an end', () => {
    const ends = new Map(clean().ends);
    ends.delete('m1');
    expect(reachVerdict(clean({ ends }))).toMatchObject({ ok: false, lost: 1, duplicates: 0 });
  });

  it('finds a loss: a message that is said to be granted, of which the provider knows nothing', () => {
    const provider = clean().provider.filter(({ messageId }) => messageId !== 'm1');
    const verdict = reachVerdict(clean({ provider }));
    expect(verdict).toMatchObject({ ok: false, lost: 1 });
    expect(verdict.broken.join()).toContain('1 lost: m1');
  });

  it('finds a refusal that the provider never gave', () => {
    const ends = new Map(clean().ends).set('m1', 'refused');
    expect(reachVerdict(clean({ ends })).ok).toBe(false);
  });

  it('finds a call that was repeated although the outcome of the one before was not known, unless a person said so', () => {
    const provider = [
      call('m1', { effect: 'none', fault: 'reset' }),
      call('m1', { attempt: 2 }),
      ...clean().provider.slice(1),
    ];
    expect(reachVerdict(clean({ provider })).ok).toBe(false);
    expect(reachVerdict(clean({ provider, resent: new Set(['m1']) })).ok).toBe(true);
  });

  it('is bad where a fault was not seen to happen, however well all went', () => {
    const verdict = reachVerdict(clean({ fired: new Map() }));
    expect(verdict).toMatchObject({ ok: false, faultsFired: 0, faults: { 'a crash': 0 } });
    expect(verdict.broken).toEqual(['not seen to happen: a crash']);
  });

  it('is bad where too little was granted for the run to mean anything', () => {
    const ends = new Map<string, End>(clean().published.map((id) => [id, 'parked']));
    expect(reachVerdict(clean({ ends })).ok).toBe(false);
  });

  it('is bad where first attempts were to be within workflow tasks, and too few were', () => {
    const verdict = reachVerdict(clean({ inline: 0 }));
    expect(verdict).toMatchObject({ ok: false, inline: 0 });
    expect(verdict.broken).toEqual(['only 0 of 3 had their first attempt within a workflow task']);
    expect(reachVerdict(clean({ inline: 1 })).ok).toBe(true);
    expect(reachVerdict(clean())).not.toHaveProperty('inline');
  });

  it('counts what is stranded and shown apart, as no loss', () => {
    const ends = new Map(clean().ends).set('m3', 'stranded');
    expect(reachVerdict(clean({ ends }))).toMatchObject({ ok: true, stranded: 1, parked: 0, lost: 0 });
  });

  it('takes over what the scenario itself has found', () => {
    expect(reachVerdict(clean({ broken: ['it committed too early'] })).ok).toBe(false);
  });
});
