import { describe, expect, test } from 'vitest';
import { type ResolveUseFlags, readResolveUse } from '../../../../src/cli/resolve/resolve-use.js';

const PAID = new Set(['PAID']);
const GONE = new Set(['GONE']);
const from = { from: 'a.csv', idColumn: 'ID', statusColumn: 'STATUS', grantedWhen: PAID } as const;

describe('resolve', () => {
  test('of one message', () => {
    expect(readResolveUse(['m-1', 'resend'], { round: 2, force: true })).toEqual({
      kind: 'one',
      messageId: 'm-1',
      resolution: 'resend',
      round: 2,
      force: true,
    });
  });

  test('of all that a filter means, and of all', () => {
    expect(readResolveUse(['granted'], { all: true, owner: 'kafka' })).toEqual({
      kind: 'all',
      resolution: 'granted',
      filter: { owner: 'kafka' },
      confirmed: false,
    });
    expect(readResolveUse(['abandon'], { all: true, yes: true })).toMatchObject({ filter: {}, confirmed: true });
  });

  test('of what a settlement file names', () => {
    expect(readResolveUse([], { ...from, absentWhen: GONE, asOf: 5, delimiter: ';', dryRun: true })).toEqual({
      kind: 'from',
      file: 'a.csv',
      columns: { id: 'ID', status: 'STATUS', delimiter: ';' },
      grantedWhen: PAID,
      absentWhen: GONE,
      asOf: 5,
      dryRun: true,
    });
    expect(readResolveUse([], from)).toMatchObject({ absentWhen: new Set(), dryRun: false });
  });

  test.each<[string, readonly string[], ResolveUseFlags]>([
    ['nothing at all', [], {}],
    ['no resolution', ['m-1'], {}],
    ['no such resolution', ['m-1', 'maybe'], {}],
    ['more than one message', ['m-1', 'm-2', 'granted'], {}],
    ['a filter without --all', ['m-1', 'granted'], { owner: 'kafka' }],
    ['--yes without --all', ['m-1', 'granted'], { yes: true }],
    ['--all and a message', ['m-1', 'granted'], { all: true }],
    ['--all without a resolution', [], { all: true }],
    ['--all and a round', ['granted'], { all: true, round: 1 }],
    ['--all by force', ['resend'], { all: true, force: true }],
    ['--dry-run without --from', ['m-1', 'granted'], { dryRun: true }],
    ['--from and a resolution', ['granted'], from],
    ['--from and a filter', [], { ...from, status: 502 }],
    ['--from and --all', [], { ...from, all: true }],
    ['--from by force', [], { ...from, force: true }],
    ['--from without columns', [], { from: 'a.csv', grantedWhen: PAID }],
    ['--from with one column for both', [], { ...from, statusColumn: 'ID' }],
    ['a value that means both', [], { ...from, absentWhen: PAID, asOf: 5 }],
    ['an absence of unknown age', [], { ...from, absentWhen: GONE }],
    ['an age of no absence', [], { ...from, asOf: 5 }],
  ])('refuses %s', (_name, words, flags) => {
    expect(() => readResolveUse(words, flags)).toThrow(expect.objectContaining({ code: 'wrong-use' }));
  });
});
