import { writeFile } from 'node:fs/promises';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { toError } from '../../src/domain/errors.js';
import { type LiveMigration, startLiveMigration } from '../support/live-migration.js';

const stack = inject('stack');
let live: LiveMigration;

beforeAll(async () => {
  live = await startLiveMigration(stack);
});
afterAll(() => live?.close());

async function keepFor(configEntries: { name: string; value: string }[]): Promise<void> {
  const admin = new Kafka({ brokers: [...stack.kafka.brokers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    const resource = { type: 2, name: live.migration.topics.kafka, configEntries };
    await admin.alterConfigs({ validateOnly: false, resources: [resource] });
  } finally {
    await admin.disconnect();
  }
}

async function configure(settings: Record<string, unknown>): Promise<void> {
  const { name: migration, topics } = live.migration;
  const provider = { url: `${live.simulator.url}/rewards`, timeout: 1_500, connectTimeout: 500 };
  await writeFile(live.configPath, `export default ${JSON.stringify({ migration, topics, provider, ...settings })};\n`);
}

/** What a worker says that ends instead of starting, with its exit code. */
async function refusalOf(side: 'kafka' | 'rocketmq'): Promise<string> {
  try {
    await live.startWorker(side);
    return 'it started';
  } catch (error) {
    return toError(error).message;
  }
}

describe('a worker whose ledger would forget too early', () => {
  it('starts where the ledger remembers for longer than Kafka and Temporal do, as by default', async () => {
    expect(await (await live.startWorker('kafka')).stop()).toBe(0);
  });

  it('ends with exit code 2, and names the numbers', async () => {
    await configure({ settledLifetime: '2 hours' });
    const kafka = await refusalOf('kafka');
    const { topics } = live.migration;
    expect(kafka).toContain('ended with 2 before it was ready');
    expect(kafka).toContain(
      `Kafka keeps the messages of topic '${topics.kafka}' for 7 days, the ledger remembers a settled message for 2 hours`,
    );
    expect(kafka).toContain('raise settledLifetime to at least 7 days');
    expect(await refusalOf('rocketmq')).toMatch(/Temporal keeps the closed workflows of namespace 'default' for \d+ /);
  });

  it('ends where a topic keeps messages for ever, unless that is accepted in so many words', async () => {
    await configure({});
    await keepFor([{ name: 'retention.ms', value: '-1' }]);
    expect(await refusalOf('kafka')).toContain('for ever, the ledger remembers a settled message for 15 days');
    await keepFor([{ name: 'cleanup.policy', value: 'compact' }]);
    expect(await refusalOf('kafka')).toContain('acceptLongerRetention: true');
    await configure({ acceptLongerRetention: true });
    expect(await (await live.startWorker('kafka')).stop()).toBe(0);
  });
});
