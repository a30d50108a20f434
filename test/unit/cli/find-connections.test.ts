import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { findConnections } from '../../../src/cli/find-connections.js';
import { usualPorts } from '../../../src/local/stack/ports.js';
import { writeRecord } from '../../../src/local/stack/state.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'handover-state-'));
  vi.stubEnv('XDG_STATE_HOME', folder);
  for (const instance of ['default', 'second']) {
    const ports = { ...usualPorts(), ...(instance === 'second' && { redis: 16_379 }) };
    writeRecord({ instance, engine: 'native', persist: false, ports, processes: {}, ready: true });
  }
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const PRODUCTION = {
  TEMPORAL_ADDRESS: 'temporal.example:7233',
  KAFKA_BROKERS: 'kafka.example:9092',
  ROCKETMQ_ENDPOINTS: 'rocketmq.example:8081',
  REDIS_URL: 'redis://redis.example:6379',
};

describe('a command works on', () => {
  test('the services that the environment names, where no local stack was asked for', () => {
    expect(findConnections(undefined, PRODUCTION).redis.url).toBe(PRODUCTION.REDIS_URL);
  });

  test('the local stack of the usual name, or the one that was asked for, where the environment names none', () => {
    expect(findConnections(undefined, {}).redis.url).toBe('redis://127.0.0.1:6379');
    expect(findConnections('second', {}).redis.url).toBe('redis://127.0.0.1:16379');
  });

  test.each(['default', 'second', 'down'])(
    'nothing, where the local stack %s was asked for and the environment leads elsewhere',
    (instance) => {
      expect(() => findConnections(instance, PRODUCTION)).toThrow(
        expect.objectContaining({ code: 'wrong-use', message: expect.stringContaining(`--instance ${instance}`) }),
      );
    },
  );

  test('the local stack that was asked for, where the environment names the same services', () => {
    const { temporal, kafka, rocketmq, redis } = findConnections('second', {});
    const same = {
      TEMPORAL_ADDRESS: temporal.connectionOptions.address,
      KAFKA_BROKERS: kafka.brokers.join(','),
      ROCKETMQ_ENDPOINTS: rocketmq.endpoints,
      REDIS_URL: redis.url,
    };
    expect(findConnections('second', same).redis.url).toBe(redis.url);
  });
});
