import { pino } from 'pino';
import { expect, it } from 'vitest';
import { checkMigration } from '../../../src/config/check-migration.js';
import type { Connections } from '../../../src/config/connections.js';
import { startSideWorker } from '../../../src/workers/side-worker.js';

it('does not start with inline-first on a Redis Cluster, and says so before it connects to anything', async () => {
  const redis = { url: 'redis://one.invalid:6379?cluster=true,redis://two.invalid:6379?cluster=true' };
  const starting = startSideWorker({
    side: 'kafka',
    migration: checkMigration({ dispatch: 'inline-first' }, { REWARD_URL: 'http://provider.invalid/' }),
    connections: { redis } as Connections,
    consumes: false,
    http: { host: '127.0.0.1', port: 0 },
    temporalMetricsUrl: 'http://127.0.0.1:1/',
    log: pino({ level: 'silent' }),
    signal: new AbortController().signal,
  });
  await expect(starting).rejects.toMatchObject({
    code: 'config-invalid',
    message: expect.stringContaining('Redis Cluster'),
  });
});
