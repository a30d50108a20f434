import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadMigration } from '../../../src/config/load-migration.js';

describe('the example configuration', () => {
  it('is one that can be used as it is', async () => {
    const configPath = fileURLToPath(new URL('../../../examples/handover.config.ts', import.meta.url));
    const migration = await loadMigration({ configPath, env: { REWARD_TOKEN: 'planted-token' } });
    expect(migration).toMatchObject({
      name: 'rewards',
      topics: { kafka: 'payments.rewards', rocketmq: 'payments-rewards' },
      provider: { kind: 'http', connectTimeoutMs: 2_000, timeoutMs: 8_000, statusClasses: { 409: 'granted' } },
      settlesWithinMs: 120_000,
      settledLifetimeMs: 15 * 86_400_000,
    });
    const properties = new Map([['x-event-id', 'e-1']]);
    const delivery = { properties, key: 'u-1' } as unknown as Parameters<typeof migration.extract.kafka>[0];
    expect(migration.extract.kafka(delivery)).toMatchObject({ messageId: 'e-1', businessId: 'u-1' });
  });
});
