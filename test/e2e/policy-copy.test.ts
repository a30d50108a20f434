import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import type { Policy } from '../../src/domain/policy/policy.js';
import { keys } from '../../src/ledger/redis/keys.js';
import { createAudit } from '../../src/ledger/redis/stores/audit.js';
import { createPolicyStore, type PolicyStore } from '../../src/ledger/redis/stores/policy-store.js';
import { type RedisServer, startRedis } from '../support/ledger/redis-server.js';
import { type LiveMigration, startLiveMigration } from '../support/live-migration.js';
import { runCommand } from '../support/run-command.js';
import { serviceVariables, type WorkerProcess } from '../support/worker-process.js';

const stack = inject('stack');
const patience = { timeout: 60_000, interval: 200 };

let server: RedisServer;
let live: LiveMigration;
let worker: WorkerProcess;
let store: PolicyStore;
let policy: Policy;

beforeEach(async () => {
  server = await startRedis();
  const services = { ...stack, redis: { ...stack.redis, url: server.url } };
  for (const [name, value] of Object.entries(serviceVariables(services))) vi.stubEnv(name, value);
  live = await startLiveMigration(services);
  worker = await live.startWorker('kafka');
  store = createPolicyStore(live.redis, live.migration.name);
  policy = await live.setPolicy('setPercentage', { hundredths: 500 });
});
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') console.error(worker.log());
  vi.unstubAllEnvs();
  await live?.close();
  await server?.stop();
});

const write = (change: Partial<Policy>): Promise<unknown> =>
  live.redis.set(keys.policy(live.migration.name), JSON.stringify({ ...policy, ...change }));

const readyz = async (): Promise<string> => (await fetch(`http://${worker.http}/readyz`)).text();

async function untilHeld(): Promise<void> {
  await vi.waitFor(async () => expect(await readyz()).toContain('policy: Redis holds version 9'), patience);
}

/** Publishes to Kafka, and awaits that it was rewarded. */
async function expectRewards(messageId: string): Promise<void> {
  await vi.waitFor(async () => {
    expect(await live.read(messageId)).toMatchObject({ state: 'settled', outcome: 'granted', owner: 'kafka' });
  }, patience);
}

async function keep(which: string): Promise<Awaited<ReturnType<typeof runCommand>>> {
  return runCommand('policy', 'keep', which, '--reason', 'looked into it', '--config', live.configPath);
}

describe('a copy of the policy in Redis that another hand has changed (P5)', () => {
  it('at the right version is put right from the workflow, and told in audit, metrics and log', async () => {
    await write({ consumption: 'on', hundredths: 10_000 });
    await vi.waitFor(async () => expect(await store.read()).toMatchObject({ policy }), patience);
    await vi.waitFor(async () => {
      const audit = await createAudit(live.redis, live.migration.name).list();
      const entry = { version: policy.version, found: 'changed', wrong: ['consumption', 'hundredths'] };
      expect(audit.filter(({ kind }) => kind === 'policy-copy')).toMatchObject([{ entry }]);
    }, patience);
    const metrics = await (await fetch(`http://${worker.http}/metrics`)).text();
    expect(metrics).toMatch(/handover_policy_copies_put_right_total\{[^}]*found="changed"[^}]*\} 1/);
    expect(worker.log()).toContain('another hand had changed the copy');
  });

  it('of a higher version is not gone by: intake holds, says so, and goes on by what a person decides', async () => {
    await write({ version: 9, consumption: 'on', hundredths: 10_000, actor: 'mallory' });
    await untilHeld();
    const [messageId] = [randomUUID()];
    await live.publish({ messageId, sides: ['kafka'] });
    const shown = await runCommand('policy', 'show', '--config', live.configPath);
    expect(shown.stderr).toContain('Intake holds: Redis holds version 9');
    const refused = await runCommand('policy', 'percentage', '7', '--config', live.configPath);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('handover policy keep');
    expect(await live.read(messageId)).toBeUndefined();

    expect(await keep('workflow')).toMatchObject({ code: 0 });
    expect(await store.read()).toMatchObject({ policy: { version: 10, consumption: 'off', hundredths: 500 } });
    await expectRewards(messageId);
    await vi.waitFor(async () => expect(await readyz()).not.toContain('policy:'), patience);
    expect(await keep('copy')).toMatchObject({ code: 1 });
  });

  it('of a higher version is done with as well by taking it away', async () => {
    await write({ version: 9, hundredths: 10_000 });
    await untilHeld();
    await live.redis.del(keys.policy(live.migration.name));
    await expectRewards(await live.publish({ sides: ['kafka'] }));
    expect(await store.read()).toMatchObject({ policy: { version: policy.version } });
  });
});
