import { describe, expect, it } from 'vitest';
import { checkMigration } from '../../../../src/config/check-migration.js';
import { demoOptions } from '../../../../src/local/demo/demo-config.js';

const REWARD_URL = 'http://127.0.0.1:8090';

describe('the configuration of the demo’s workers', () => {
  it('keeps the names of the migration in force, so that other commands speak of the same messages', () => {
    const inForce = checkMigration({ migration: 'points', topics: { kafka: 'a.b', rocketmq: 'a-b' } }, {});
    const ours = checkMigration(demoOptions(inForce), { REWARD_URL });
    const { name, topics, deadLetterTopics, consumerGroup, settledLifetimeMs } = inForce;
    expect(ours).toMatchObject({ name, topics, deadLetterTopics, consumerGroup, settledLifetimeMs });
  });

  it('asks the provider that REWARD_URL names, with a time-out that lets a hanging call be parked in seconds', () => {
    const inForce = checkMigration({ provider: { url: 'https://real.example/grant' } }, {});
    const { provider, settlesWithinMs } = checkMigration(demoOptions(inForce), { REWARD_URL });
    expect(provider).toMatchObject({ kind: 'http', url: REWARD_URL, timeoutMs: 3_000 });
    expect(settlesWithinMs).toBe(5_000);
  });

  it('survives being written to a file', () => {
    const options = demoOptions(checkMigration({}, {}));
    expect(JSON.parse(JSON.stringify(options))).toEqual(options);
  });
});
