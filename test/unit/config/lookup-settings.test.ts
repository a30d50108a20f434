import { describe, expect, it } from 'vitest';
import { readProvider } from '../../../src/config/read-provider.js';
import type { HttpProviderOptions } from '../../../src/reward/http/options.js';

const url = 'http://h/grants/{messageId}';
const grantedWhen = { status: 200, json: { '/state': 'DONE' } };

function faultsOf(provider: unknown): readonly string[] {
  const reading = readProvider(provider, 'http://h/');
  return 'faults' in reading ? reading.faults : [];
}

function lookupOf(provider: unknown): HttpProviderOptions['lookup'] {
  const reading = readProvider(provider, 'http://h/');
  if ('faults' in reading) expect.fail(reading.faults.join());
  return (reading.provider as HttpProviderOptions).lookup;
}

describe('the lookup of a config', () => {
  it('takes the marks by which the provider is known', () => {
    const absentWhen = {
      status: [404, 410],
      json: { '/code': ['NOT_FOUND', 17, null], '/id': '{messageId}' },
      headers: { 'X-Grant': 'none' },
      text: 'none',
    };
    expect(lookupOf({ lookup: { url, grantedWhen, absentWhen } })).toEqual({
      url,
      grantedWhen: { status: [200], json: [{ pointer: '/state', anyOf: ['DONE'] }] },
      absentWhen: {
        status: [404, 410],
        json: [
          { pointer: '/code', anyOf: ['NOT_FOUND', 17, null] },
          { pointer: '/id', anyOf: ['{messageId}'] },
        ],
        headers: [{ name: 'x-grant', anyOf: ['none'] }],
        text: 'none',
      },
    });
  });

  it('may say one of the two only', () => {
    expect(lookupOf({ lookup: { url, grantedWhen } })?.absentWhen).toBeUndefined();
    expect(lookupOf({ lookup: { url, absentWhen: grantedWhen } })?.grantedWhen).toBeUndefined();
  });

  it('of before there were marks is taken still, and has none', () => {
    expect(lookupOf({ lookupUrl: url })).toEqual({ url });
  });

  it.each<[string, unknown, RegExp]>([
    ['no mark at all', { url }, /^provider\.lookup: must have grantedWhen or absentWhen/],
    ['a status alone', { url, absentWhen: { status: 404 } }, /^provider\.lookup\.absentWhen: must name a mark beside/],
    ['empty marks', { url, absentWhen: { status: 404, json: {}, headers: {} } }, /must name a mark/],
    [
      'marks without a status',
      { url, grantedWhen: { json: { '/state': 'DONE' } } },
      /^provider\.lookup\.grantedWhen\.status: /,
    ],
    ['no list of statuses', { url, grantedWhen: { ...grantedWhen, status: [] } }, /grantedWhen\.status/],
    ['a status that answers nothing', { url, grantedWhen: { ...grantedWhen, status: 100 } }, /grantedWhen\.status/],
    ['a path that is no pointer', { url, grantedWhen: { status: 200, json: { state: 1 } } }, /JSON Pointer/],
    ['an object for a value', { url, grantedWhen: { status: 200, json: { '/a': {} } } }, /grantedWhen\.json/],
    ['an empty text', { url, grantedWhen: { status: 200, text: '' } }, /must not be empty/],
    ['a header that is none', { url, grantedWhen: { status: 200, headers: { 'a b': 'x' } } }, /is not a header/],
    ['the same twice', { url, grantedWhen, absentWhen: grantedWhen }, /must not say the same/],
    ['no place for the ID', { url: 'http://h/', grantedWhen }, /^provider\.lookup\.url: must have \{messageId\}/],
    ['something unknown', { url, grantedWhen, deniedWhen: grantedWhen }, /there is no such setting/],
  ])('with %s is a fault', (_what, lookup, fault) => {
    const faults = faultsOf({ lookup });
    expect(faults.join('\n')).toMatch(fault);
  });

  it('does not stand beside a URL of before', () => {
    expect(faultsOf({ lookupUrl: url, lookup: { url, grantedWhen } })).toHaveLength(1);
  });
});
