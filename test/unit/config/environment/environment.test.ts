import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readConnections } from '../../../../src/config/environment/environment.js';
import { secrets } from '../../../../src/config/secrets.js';
import { HandoverError } from '../../../../src/domain/errors.js';

const ALL = {
  TEMPORAL_ADDRESS: 'temporal:7233',
  KAFKA_BROKERS: 'kafka-1:9092, kafka-2:9092',
  ROCKETMQ_ENDPOINTS: 'proxy-1:8081;proxy-2:8081',
  REDIS_URL: 'redis://redis:6379',
} as const;

const SERVICES = Object.keys(ALL) as (keyof typeof ALL)[];

function refusalOf(env: Record<string, string>): HandoverError {
  try {
    readConnections(env);
  } catch (error) {
    if (error instanceof HandoverError) return error;
    throw error;
  }
  throw new Error('not refused');
}

/** The variables that the faults speak of. */
function faultyVariables(env: Record<string, string>): string[] {
  const { code, message } = refusalOf(env);
  expect(code).toBe('config-invalid');
  return message
    .split('\n  - ')
    .slice(1)
    .map((fault) => fault.split(': ')[0] ?? '');
}

describe('where the services are', () => {
  it('is left to the local stack when the environment says nothing of them', () => {
    const others = { PATH: '/bin', REWARD_URL: 'http://h/', HANDOVER_INSTANCE: 'x', REDIS_SERVER_PATH: '/r' };
    const tools = { TEMPORAL_CLI_PATH: '/bin/temporal', TEMPORAL_TEST_SERVER_PATH: '/bin/server' };
    expect(readConnections({})).toBeUndefined();
    expect(readConnections({ ...others, ...tools })).toBeUndefined();
    expect(readConnections({ KAFKA_BROKERS: '', REDIS_URL: ' ', TEMPORAL_ADDRESS: '' })).toBeUndefined();
  });

  it('is read when the environment names them all', () => {
    expect(readConnections(ALL)).toMatchObject({
      temporal: { connectionOptions: { address: 'temporal:7233' }, namespace: 'default' },
      kafka: { brokers: ['kafka-1:9092', 'kafka-2:9092'] },
      rocketmq: { endpoints: 'proxy-1:8081;proxy-2:8081', tls: false },
      redis: { url: 'redis://redis:6379' },
    });
  });

  it('is refused when it names some, with the names of all that is missing and of nothing else', () => {
    fc.assert(
      fc.property(fc.subarray(SERVICES, { minLength: 1, maxLength: SERVICES.length - 1 }), (given) => {
        const error = refusalOf(Object.fromEntries(given.map((name) => [name, ALL[name]])));
        expect(error.code).toBe('connections-incomplete');
        const [, listed = ''] = error.message.split('missing: ');
        expect(listed.split(', ').sort()).toEqual(SERVICES.filter((name) => !given.includes(name)).sort());
      }),
    );
  });

  it.each(['TEMPORAL_NAMESPACE', 'TEMPORAL_API_KEY', 'TEMPORAL_TLS_CLIENT_CERT_PATH', 'TEMPORAL_GRPC_META_X'])(
    'is also begun by %s alone, or by the file of a secret',
    (name) => {
      expect(refusalOf({ [name]: 'planted' })).toMatchObject({ code: 'connections-incomplete' });
      expect(refusalOf({ REDIS_URL_FILE: '/nowhere' })).toMatchObject({ code: 'connections-incomplete' });
    },
  );
});

describe('how to get in', () => {
  it("is read by Temporal's own variables", () => {
    const tls = { TEMPORAL_TLS: 'true', TEMPORAL_TLS_SERVER_NAME: 'name', TEMPORAL_TLS_SERVER_CA_CERT_DATA: 'ca' };
    const others = { TEMPORAL_NAMESPACE: 'ns', TEMPORAL_API_KEY: 'planted-api-key' };
    const { temporal } = readConnections({ ...ALL, ...tls, ...others }) ?? {};
    expect(temporal).toMatchObject({
      namespace: 'ns',
      connectionOptions: {
        apiKey: 'planted-api-key',
        tls: { serverNameOverride: 'name', serverRootCACertificate: new TextEncoder().encode('ca') },
      },
    });
    expect(secrets.redact('planted-api-key')).not.toContain('planted');
  });

  it('is read for Kafka, RocketMQ and Redis', () => {
    const connections = readConnections({
      ...ALL,
      KAFKA_CLIENT_ID: 'me',
      KAFKA_SSL: 'true',
      KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512',
      KAFKA_SASL_USERNAME: 'kafka-user',
      KAFKA_SASL_PASSWORD: 'planted-kafka',
      ROCKETMQ_ACCESS_KEY: 'ak',
      ROCKETMQ_SECRET_KEY: 'planted-rocketmq',
      ROCKETMQ_TLS: '1',
      ROCKETMQ_NAMESPACE: 'ns',
      REDIS_URL: 'rediss://user:planted%2Dredis@redis:6380/2',
    });
    expect(connections).toMatchObject({
      kafka: {
        clientId: 'me',
        ssl: true,
        sasl: { mechanism: 'scram-sha-512', username: 'kafka-user', password: 'planted-kafka' },
      },
      rocketmq: { tls: true, accessKey: 'ak', secretKey: 'planted-rocketmq', namespace: 'ns' },
      redis: { url: 'rediss://user:planted%2Dredis@redis:6380/2' },
    });
    expect(secrets.redact('planted-kafka planted-rocketmq planted-redis')).not.toContain('planted');
  });

  it('to a Redis Cluster is what REDIS_URL says, at the nodes that REDIS_CLUSTER_NODES names', () => {
    const { redis } = readConnections({ ...ALL, REDIS_URL: 'rediss://u:p@x', REDIS_CLUSTER_NODES: 'a:1, b:2' }) ?? {};
    expect(redis).toEqual({ url: 'rediss://u:p@a:1?cluster=true,rediss://u:p@b:2?cluster=true' });
    const { REDIS_URL: _, ...others } = ALL;
    expect(readConnections({ ...others, REDIS_CLUSTER_NODES: 'a:1' })).toMatchObject({
      redis: { url: 'redis://a:1?cluster=true' },
    });
  });

  it.each<[Record<string, string>, string[]]>([
    [{ KAFKA_BROKERS: 'kafka' }, ['KAFKA_BROKERS']],
    [{ KAFKA_BROKERS: 'kafka://kafka:9092' }, ['KAFKA_BROKERS']],
    [{ KAFKA_BROKERS: 'kafka:99999' }, ['KAFKA_BROKERS']],
    [{ KAFKA_BROKERS: ',' }, ['KAFKA_BROKERS']],
    [{ KAFKA_SSL: 'perhaps' }, ['KAFKA_SSL']],
    [{ KAFKA_SSL_CA: '/nowhere' }, ['KAFKA_SSL_CA']],
    [{ KAFKA_SSL: 'no', KAFKA_SSL_CERT: '/nowhere' }, ['KAFKA_SSL_CERT', 'KAFKA_SSL_CERT', 'KAFKA_SSL']],
    [{ KAFKA_SASL_MECHANISM: 'gssapi' }, ['KAFKA_SASL_USERNAME', 'KAFKA_SASL_PASSWORD', 'KAFKA_SASL_MECHANISM']],
    [{ KAFKA_SASL_PASSWORD: 'planted' }, ['KAFKA_SASL_MECHANISM', 'KAFKA_SASL_USERNAME']],
    [{ ROCKETMQ_ENDPOINTS: 'http://proxy:8081' }, ['ROCKETMQ_ENDPOINTS']],
    [{ ROCKETMQ_SECRET_KEY: 'planted' }, ['ROCKETMQ_ACCESS_KEY']],
    [{ ROCKETMQ_TLS: 'planted' }, ['ROCKETMQ_TLS']],
    [{ REDIS_URL: 'http://planted@redis' }, ['REDIS_URL']],
    [{ REDIS_URL: 'planted' }, ['REDIS_URL']],
    [{ REDIS_CLUSTER_NODES: 'redis://planted:1' }, ['REDIS_CLUSTER_NODES']],
    [{ REDIS_URL_FILE: '/nowhere' }, ['REDIS_URL']],
    [{ TEMPORAL_CONFIG_FILE: '/nowhere' }, ['TEMPORAL_CONFIG_FILE']],
    [{ TEMPORAL_PROFILE: 'none' }, ['TEMPORAL_*']],
    [
      { KAFKA_BROKERS: 'x', ROCKETMQ_ENDPOINTS: 'x', REDIS_URL: 'x' },
      ['KAFKA_BROKERS', 'ROCKETMQ_ENDPOINTS', 'REDIS_URL'],
    ],
  ])('is refused for %j, with every variable at fault', (faulty, variables) => {
    expect(faultyVariables({ ...ALL, ...faulty })).toEqual(variables);
  });

  it('is read or refused, whatever the variables hold, and no value of them is told', () => {
    const names = fc.constantFrom(
      ...SERVICES,
      'KAFKA_SSL',
      'KAFKA_SSL_CA',
      'KAFKA_SASL_MECHANISM',
      'KAFKA_SASL_USERNAME',
      'KAFKA_SASL_PASSWORD',
      'ROCKETMQ_ACCESS_KEY',
      'ROCKETMQ_SECRET_KEY',
      'ROCKETMQ_TLS',
      'REDIS_CLUSTER_NODES',
      'REDIS_URL_FILE',
      'TEMPORAL_API_KEY',
      'TEMPORAL_TLS',
      'TEMPORAL_TLS_CLIENT_KEY_DATA',
      'TEMPORAL_TLS_CLIENT_KEY_PATH',
    );
    const values = fc.oneof(fc.string(), fc.constantFrom('planted', 'redis://:planted@h', 'planted:1', 'true', '\0'));
    fc.assert(
      fc.property(fc.constantFrom({}, ALL), fc.dictionary(names, values), (base, env) => {
        try {
          readConnections({ ...base, ...env });
        } catch (error) {
          expect(error).toBeInstanceOf(HandoverError);
          expect((error as HandoverError).message).not.toContain('planted');
        }
      }),
      { numRuns: 500 },
    );
  });
});
