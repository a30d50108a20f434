import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readConnections } from '../../../src/config/environment/environment.js';
import { loadMigration } from '../../../src/config/load-migration.js';
import { secrets } from '../../../src/config/secrets.js';
import { HandoverError } from '../../../src/domain/errors.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'handover-config-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe('the config file', () => {
  it('is handover.config.ts in the working folder, and may be TypeScript', async () => {
    write(
      'handover.config.ts',
      `import { defineMigration, type Side } from 'handover';
       const side: Side = 'kafka';
       export default defineMigration({ migration: 'orders', topics: { kafka: side, rocketmq: 'r' } });`,
    );
    const migration = await loadMigration({ env: { REWARD_URL: 'http://h/' }, cwd: folder });
    expect(migration).toMatchObject({
      name: 'orders',
      topics: { kafka: 'kafka', rocketmq: 'r' },
      consumerGroup: 'handover-orders',
      provider: { url: 'http://h/' },
    });
  });

  it.each([
    ['handover.config.js', "module.exports = { migration: 'orders' };"],
    ['handover.config.mjs', "export default { migration: 'orders' };"],
  ])('may be %s', async (name, text) => {
    write(name, text);
    expect(await loadMigration({ env: {}, cwd: folder })).toMatchObject({ name: 'orders' });
  });

  it('is the one that --config names, from the working folder, before all others', async () => {
    write('handover.config.ts', "export default { migration: 'wrong' };");
    write('other.ts', "export default { migration: 'right' };");
    expect(await loadMigration({ configPath: 'other.ts', env: {}, cwd: folder })).toMatchObject({ name: 'right' });
  });

  it('may be missing: then everything has its default', async () => {
    expect(await loadMigration({ env: {}, cwd: folder })).toMatchObject({ name: 'rewards', provider: undefined });
  });

  it("shares handover's own classes, so that a provider's errors are known here", async () => {
    write(
      'handover.config.ts',
      `import { HandoverError } from 'handover';
       export default { provider: { grant: async () => { throw new HandoverError('no-worker', 'planted') } } };`,
    );
    const { provider } = await loadMigration({ env: {}, cwd: folder });
    if (provider === undefined || !('grant' in provider)) throw new Error('the provider was not read');
    const context = { attempt: 1, signal: new AbortController().signal, maySend: () => true };
    await expect(provider.grant({ messageId: 'm', body: new Uint8Array() }, context)).rejects.toBeInstanceOf(
      HandoverError,
    );
  });

  it('is read anew each time', async () => {
    const configPath = write('c.ts', "export default { migration: 'one' };");
    expect((await loadMigration({ configPath, env: {} })).name).toBe('one');
    write('c.ts', "export default { migration: 'two' };");
    expect((await loadMigration({ configPath, env: {} })).name).toBe('two');
  });

  it.each([
    ['that is not there', undefined, /There is no config file .*c\.ts/],
    ['that is no code', 'export default {', /could not be loaded/],
    ['that throws', "throw new Error('no way');", /could not be loaded: no way/],
    ['that imports what is not there', "import 'nowhere-to-be-found'; export default {};", /could not be loaded/],
    ['without a default export', 'export const migration = {};', /has no default export/],
    ['with a default export that is no object', 'export default 7;', /has no default export/],
    [
      'with faults',
      "export default { migration: 'A', body: 'b' };",
      /c\.ts has 2 faults:\n {2}- migration: .*\n {2}- body: /,
    ],
  ])('%s is refused in a clear sentence', async (_what, text, expected) => {
    const configPath = text === undefined ? join(folder, 'c.ts') : write('c.ts', text);
    const refusal = await loadMigration({ configPath, env: {} }).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ name: 'HandoverError', code: 'config-invalid', hint: expect.any(String) });
    expect((refusal as Error).message).toMatch(expected);
  });

  it('is not quoted when it cannot be parsed, as it may hold secrets', async () => {
    const configPath = write('c.ts', "const key = 'planted-secret';\nexport default { key: 'planted-secret' key };");
    const refusal = await loadMigration({ configPath, env: {} }).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(HandoverError);
    expect((refusal as Error).message).not.toContain('planted');
  });
});

describe('secrets in files', () => {
  const services = {
    TEMPORAL_ADDRESS: 'temporal:7233',
    KAFKA_BROKERS: 'kafka:9092',
    ROCKETMQ_ENDPOINTS: 'proxy:8081',
  };

  it('are read without the newline at their end, and are secrets from then on', () => {
    const connections = readConnections({
      ...services,
      TEMPORAL_API_KEY_FILE: write('api-key', 'planted-api-key\n'),
      REDIS_URL_FILE: write('redis', 'redis://:planted-redis@redis:6379\n'),
      KAFKA_SASL_MECHANISM: 'plain',
      KAFKA_SASL_USERNAME_FILE: write('user', 'kafka-user\n'),
      KAFKA_SASL_PASSWORD_FILE: write('password', 'planted-kafka\n'),
      ROCKETMQ_ACCESS_KEY_FILE: write('access', 'ak\n'),
      ROCKETMQ_SECRET_KEY_FILE: write('secret', 'planted-rocketmq\n'),
    });
    expect(connections).toMatchObject({
      temporal: { connectionOptions: { apiKey: 'planted-api-key', tls: true } },
      kafka: { sasl: { username: 'kafka-user', password: 'planted-kafka' } },
      rocketmq: { accessKey: 'ak', secretKey: 'planted-rocketmq' },
      redis: { url: 'redis://:planted-redis@redis:6379' },
    });
    expect(secrets.redact('planted-api-key planted-redis planted-kafka planted-rocketmq')).not.toContain('planted');
  });

  it('are refused when they are empty, or given twice', () => {
    const env = {
      ...services,
      REDIS_URL: 'redis://redis',
      REDIS_URL_FILE: write('redis', 'redis://other'),
      ROCKETMQ_ACCESS_KEY: 'ak',
      ROCKETMQ_SECRET_KEY_FILE: write('empty', '\n'),
    };
    expect(() => readConnections(env)).toThrow(/2 faults:\n {2}- ROCKETMQ_SECRET_KEY_FILE: .*\n {2}- REDIS_URL: /);
  });

  it('of Kafka are PEM texts', () => {
    const files = {
      KAFKA_SSL_CA: write('ca', 'CA'),
      KAFKA_SSL_CERT: write('crt', 'CRT'),
      KAFKA_SSL_KEY: write('key', 'KEY'),
    };
    const { kafka } = readConnections({ ...services, REDIS_URL: 'redis://r', ...files }) ?? {};
    expect(kafka?.ssl).toEqual({ ca: 'CA', cert: 'CRT', key: 'KEY' });
  });

  it('of REWARD_URL too', async () => {
    const REWARD_URL_FILE = write('url', 'http://h/?key=planted-key\n');
    const { provider } = await loadMigration({ env: { REWARD_URL_FILE }, cwd: folder });
    expect(provider).toMatchObject({ url: 'http://h/?key=planted-key' });
    expect(secrets.redact('planted-key')).not.toContain('planted');
  });
});

describe("Temporal's own config file", () => {
  const others = { KAFKA_BROKERS: 'kafka:9092', ROCKETMQ_ENDPOINTS: 'proxy:8081', REDIS_URL: 'redis://redis' };
  const toml = `[profile.default]
address = "from-default:7233"
[profile.cloud]
address = "from-cloud:7233"
namespace = "ns"
api_key = "planted-toml-key"`;

  it('names the address, by profile', () => {
    const TEMPORAL_CONFIG_FILE = write('temporal.toml', toml);
    expect(readConnections({ ...others, TEMPORAL_CONFIG_FILE })).toMatchObject({
      temporal: { connectionOptions: { address: 'from-default:7233' }, namespace: 'default' },
    });
    expect(readConnections({ ...others, TEMPORAL_CONFIG_FILE, TEMPORAL_PROFILE: 'cloud' })).toMatchObject({
      temporal: { connectionOptions: { address: 'from-cloud:7233', apiKey: 'planted-toml-key' }, namespace: 'ns' },
    });
    expect(secrets.redact('planted-toml-key')).not.toContain('planted');
  });

  it('is not quoted when it cannot be parsed', () => {
    const TEMPORAL_CONFIG_FILE = write('temporal.toml', `${toml}\nbroken = planted`);
    expect(() => readConnections({ ...others, TEMPORAL_CONFIG_FILE })).toThrow(/TEMPORAL_\*: /);
    expect(() => readConnections({ ...others, TEMPORAL_CONFIG_FILE })).not.toThrow(/planted/);
  });
});
