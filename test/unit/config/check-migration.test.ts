import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkMigration } from '../../../src/config/check-migration.js';
import type { MigrationOptions } from '../../../src/config/define-migration.js';
import { type Migration, providerOf } from '../../../src/config/migration.js';
import { HandoverError } from '../../../src/domain/errors.js';

function faultsOf(options: unknown, env: Record<string, string> = {}): string[] {
  try {
    checkMigration(options, env);
  } catch (error) {
    if (!(error instanceof HandoverError)) throw error;
    expect(error.code).toBe('config-invalid');
    return error.message.split('\n  - ').slice(1);
  }
  return [];
}

/** The settings that the faults speak of. */
function faultySettings(options: unknown, env: Record<string, string> = {}): string[] {
  return faultsOf(options, env).map((fault) => fault.split(': ')[0] ?? '');
}

describe('without any configuration', () => {
  const migration = checkMigration({}, {});

  it('everything has a default, and the names are the documented ones', () => {
    expect(migration).toMatchObject({
      name: 'rewards',
      topics: { kafka: 'rewards', rocketmq: 'rewards' },
      deadLetterTopics: { kafka: 'rewards-dead-letter', rocketmq: 'rewards-dead-letter' },
      consumerGroup: 'handover-rewards',
      cutoverKey: 'messageId',
      body: 'json',
      dispatch: 'activity',
      settlesWithinMs: 600_000,
      attemptTimeoutMs: 20_000,
      limits: {
        bodyBytes: 1_048_576,
        batchBytes: 67_108_864,
        inFlight: 32,
        lingerMs: 1_000,
        lingering: 256,
        held: 256,
        stallMs: 60_000,
        checkAfterMs: 60_000,
      },
      settledLifetimeMs: 15 * 86_400_000,
    });
  });

  it('the stamps are read from the documented headers', () => {
    const properties = new Map([
      ['message-id', 'm-1'],
      ['business-id', 'u-1'],
      ['other', 'x'],
    ]);
    const delivery = { properties } as unknown as Parameters<Migration['extract']['kafka']>[0];
    for (const extract of Object.values(migration.extract)) {
      expect(extract(delivery)).toEqual({ messageId: 'm-1', businessId: 'u-1', traceparent: undefined });
    }
  });

  it('only who needs the provider is told that there is no URL', () => {
    expect(migration.provider).toBeUndefined();
    expect(() => providerOf(migration)).toThrow(/has no URL/);
    expect(() => providerOf(migration)).toThrow(
      expect.objectContaining({ code: 'provider-missing', hint: expect.stringContaining('REWARD_URL') }),
    );
  });

  it('REWARD_URL is enough for the reward to be a POST of the body', () => {
    const { provider } = checkMigration({}, { REWARD_URL: 'http://localhost:8090/rewards' });
    expect(provider).toMatchObject({ kind: 'http', url: 'http://localhost:8090/rewards', method: 'POST', headers: {} });
    expect(provider).not.toHaveProperty('body');
  });
});

describe('what a configuration says', () => {
  it('takes one of the two ways in which the first attempt is made', () => {
    expect(checkMigration({ dispatch: 'inline-first' }, {}).dispatch).toBe('inline-first');
    expect(faultySettings({ dispatch: 'inline' })).toEqual(['dispatch']);
  });

  it('takes durations in ms and as texts', () => {
    const { retry, limits, adoption, settlesWithinMs, attemptTimeoutMs } = checkMigration(
      {
        settlesWithin: '2 minutes',
        attemptTimeout: 20_000,
        retry: { initialInterval: '1.5s', maximumInterval: '1h', backoffCoefficient: 1.5, maximumAttempts: 3 },
        limits: { linger: 0, drain: '1m' },
        adoption: { margin: '250ms' },
      } satisfies MigrationOptions,
      {},
    );
    expect({ settlesWithinMs, attemptTimeoutMs }).toEqual({ settlesWithinMs: 120_000, attemptTimeoutMs: 20_000 });
    expect(retry).toEqual({
      initialIntervalMs: 1_500,
      maximumIntervalMs: 3_600_000,
      backoffCoefficient: 1.5,
      maximumAttempts: 3,
    });
    expect(limits).toMatchObject({ lingerMs: 0, drainMs: 60_000, inFlight: 32 });
    expect(adoption).toMatchObject({ marginMs: 250, longestLookMs: 120_000 });
  });

  it('goes for both sides or for each', () => {
    const extract = () => ({});
    expect(checkMigration({ topics: 'orders', extract }, {})).toMatchObject({
      topics: { kafka: 'orders', rocketmq: 'orders' },
      extract: { kafka: extract, rocketmq: extract },
    });
    const each = checkMigration({ topics: { kafka: 'a.b', rocketmq: 'a-b' }, extract: { rocketmq: extract } }, {});
    expect(each.deadLetterTopics).toEqual({ kafka: 'a.b-dead-letter', rocketmq: 'a-b-dead-letter' });
    expect(each.extract.rocketmq).toBe(extract);
    expect(each.extract.kafka).not.toBe(extract);
  });

  it('gives way to REWARD_URL where the reward goes by HTTP', () => {
    const provider = { url: 'http://file/', timeout: '1s', headers: { 'x-a': 'b' } };
    const { provider: inForce } = checkMigration({ provider }, { REWARD_URL: 'http://environment/' });
    expect(inForce).toMatchObject({ url: 'http://environment/', timeoutMs: 1_000, headers: { 'x-a': 'b' } });
    expect(checkMigration({ provider }, { REWARD_URL: '  ' }).provider).toMatchObject({ url: 'http://file/' });
  });

  it("leaves a provider of the user's own as it is", () => {
    class Own {
      #calls = 0;
      async grant() {
        this.#calls += 1;
        return { outcome: 'granted' as const, evidence: { phase: 'answered' as const, detail: String(this.#calls) } };
      }
    }
    const provider = new Own();
    const migration = checkMigration({ provider }, { REWARD_URL: 'http://elsewhere/' });
    expect(providerOf(migration)).toBe(provider);
    expect(Object.isFrozen(provider)).toBe(false);
  });

  it('cannot be changed afterwards', () => {
    const migration = checkMigration({ provider: { url: 'http://h/', headers: { a: 'b' } } }, {});
    const parts = [
      migration,
      migration.topics,
      migration.retry,
      migration.limits,
      migration.extract,
      migration.provider,
    ];
    expect(parts.every((part) => Object.isFrozen(part))).toBe(true);
    expect(() => Object.assign(migration.limits, { inFlight: 1 })).toThrow(TypeError);
  });
});

describe('what is wrong with a configuration', () => {
  it('is told all at once', () => {
    const options = {
      migration: 'Rewards',
      topics: { kafka: '..', rocketmq: 'a.b' },
      extract: { kafka: 'header' },
      cutoverKey: 'userId',
      body: 'text',
      provider: { url: 'ftp://h', method: 'GET', timeout: 'soon', statusClasses: { 99: 'granted', 404: 'no' } },
      settlesWithin: -1,
      retry: { initialInterval: '1h', maximumInterval: '1s' },
      limits: { inFlight: 0, linger: 1.5 },
      adoption: [],
      attemptTimeout: '13',
      settledLifetime: '1s',
      surprise: 1,
    };
    expect(faultySettings(options, { REWARD_URL: 'nonsense' }).sort()).toEqual(
      [
        'REWARD_URL',
        'adoption',
        'attemptTimeout',
        'body',
        'cutoverKey',
        'extract.kafka',
        'limits.inFlight',
        'limits.linger',
        'migration',
        'provider.method',
        'provider.statusClasses.404',
        'provider.statusClasses.99',
        'provider.timeout',
        'provider.url',
        'retry.maximumInterval',
        'settledLifetime',
        'settlesWithin',
        'surprise',
        'topics.kafka',
        'topics.rocketmq',
      ].sort(),
    );
  });

  it.each([[null], [[]], ['rewards'], [3], [() => ({})]])('is told of %j, which is no configuration', (options) => {
    expect(faultsOf(options)).toEqual(['it: must be an object']);
  });

  it.each([
    ['', false],
    ['a', true],
    ['9-a', true],
    ['-a', false],
    ['a_b', false],
    ['Ä', false],
    ['a'.repeat(40), true],
    ['a'.repeat(41), false],
  ])('the migration name "%s" is right: %s', (migration, right) => {
    expect(faultySettings({ migration })).toEqual(right ? [] : ['migration']);
  });

  it.each([
    ['kafka', 'a'.repeat(237), true],
    ['kafka', 'a'.repeat(238), false],
    ['kafka', 'a.b_c-d', true],
    ['kafka', 'a b', false],
    ['kafka', '', false],
    ['rocketmq', 'a'.repeat(115), true],
    ['rocketmq', 'a'.repeat(116), false],
    ['rocketmq', 'a_b-c', true],
    ['rocketmq', 'a.b', false],
    ['rocketmq', 'rmq_sys_trace', false],
  ])('on %s the topic "%s" leaves room for its dead-letter topic and is right: %s', (side, topic, right) => {
    const topics = { kafka: 'fine', rocketmq: 'fine', [side]: topic };
    expect(faultySettings({ topics })).toEqual(right ? [] : [`topics.${side}`]);
  });

  it('is an attempt that ends before its request may', () => {
    const provider = { url: 'http://h/', connectTimeout: '2s', timeout: '8s' };
    expect(faultySettings({ provider, attemptTimeout: 11_999 })).toEqual(['attemptTimeout']);
    expect(faultySettings({ provider, attemptTimeout: 12_000 })).toEqual([]);
    expect(faultySettings({ provider: { grant: async () => ({}) }, attemptTimeout: '3s' })).toEqual([]);
  });

  it('is a lookup of which nobody knows when its answer is final', () => {
    const lookupUrl = 'http://h/{messageId}';
    expect(faultySettings({ provider: { lookupUrl } })).toEqual(['settlesWithin']);
    expect(faultySettings({ provider: { lookupUrl }, settlesWithin: '5s' })).toEqual([]);
    const own = { grant: async () => ({}), lookup: async () => 'absent' };
    expect(faultySettings({ provider: own })).toEqual(['settlesWithin']);
    expect(faultySettings({ provider: own, settlesWithin: 0 })).toEqual([]);
  });

  it.each(['http://h/rewards', 'http://{messageId}.h/', 'nonsense/{messageId}', 'ftp://h/{messageId}'])(
    'is the lookup URL %s',
    (lookupUrl) => {
      expect(faultySettings({ provider: { lookupUrl }, settlesWithin: 0 })).toEqual(['provider.lookupUrl']);
    },
  );

  it.each(['content-length', 'Transfer-Encoding', 'connection', 'a b', ''])('is the header name "%s"', (name) => {
    expect(faultsOf({ provider: { headers: { [name]: 'x' } } })).toHaveLength(1);
    expect(faultsOf({ provider: { idempotencyHeader: name } })).not.toHaveLength(0);
  });

  it.each([[{ grant: 1 }], [{ grant: () => 1, lookup: 1 }], [7], [null], ['http://h/']])(
    'is the provider %j',
    (provider) => {
      expect(faultsOf({ provider, settlesWithin: 0 })).toHaveLength(1);
    },
  );
});

describe('whatever a configuration holds', () => {
  const names = [
    'migration',
    'topics',
    'extract',
    'cutoverKey',
    'body',
    'provider',
    'settlesWithin',
    'retry',
    'limits',
  ];
  const others = ['adoption', 'attemptTimeout', 'settledLifetime'];
  const inner = [
    'url',
    'headers',
    'timeout',
    'grant',
    'lookup',
    'lookupUrl',
    'kafka',
    'rocketmq',
    'linger',
    'statusClasses',
  ];
  const value = fc.oneof(
    fc.anything(),
    fc.dictionary(fc.constantFrom(...inner), fc.anything()),
    fc.constantFrom('5s', 'http://h/', 'x', 0, 1, () => ({})),
  );
  const options = fc.dictionary(fc.constantFrom(...names, ...others), value);

  it('it becomes a migration or a list of faults, and nothing else is thrown', () => {
    fc.assert(
      fc.property(fc.oneof(options, fc.anything()), fc.option(fc.string()), (given, url) => {
        const faults = faultsOf(given, url === null ? {} : { REWARD_URL: url });
        for (const fault of faults) expect(fault).toMatch(/^[^:]+: ./);
      }),
      { numRuns: 1_000 },
    );
  });

  it('no value of it is ever told', () => {
    const planted = fc.constantFrom('planted secret', 'planted\nsecret', 'http://u:planted%20secret@h:x/');
    const holder = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 3 },
        planted,
        fc.dictionary(fc.constantFrom(...inner), tie('any')),
        fc.array(tie('any')),
      ),
    })).any;
    const secretive = fc.dictionary(fc.constantFrom(...names, ...others), holder);
    fc.assert(
      fc.property(secretive, fc.option(planted), (given, url) => {
        expect(faultsOf(given, url === null ? {} : { REWARD_URL: url }).join()).not.toContain('planted');
      }),
      { numRuns: 1_000 },
    );
  });
});
