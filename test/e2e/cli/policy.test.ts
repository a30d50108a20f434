import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NativeConnection, Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test, vi } from 'vitest';
import { createCutoverActivities } from '../../../src/activities/policy.js';
import { closeRedis, connectRedis, type RedisClient, readRedisUrl } from '../../../src/ledger/redis/connect.js';
import { keys } from '../../../src/ledger/redis/keys.js';
import { createAudit } from '../../../src/ledger/redis/stores/audit.js';
import { createPolicyStore, type PolicyStore } from '../../../src/ledger/redis/stores/policy-store.js';
import { cutoverTaskQueue } from '../../../src/workflows/names.js';
import { type CommandRun, runCommand } from '../../support/run-command.js';
import { bundleWorkflows, quietenTemporal } from '../../support/temporal/temporal-environment.js';

const stack = inject('stack');

let bundle: WorkflowBundleWithSourceMap;
let connection: NativeConnection;
let redis: RedisClient;
let folder: string;
let migration: string;
let policyStore: PolicyStore;
let stopWorker: (() => Promise<void>) | undefined;

beforeAll(async () => {
  quietenTemporal();
  bundle = await bundleWorkflows();
  connection = await NativeConnection.connect({ address: stack.temporal.address });
  redis = connectRedis(readRedisUrl(stack.redis.url), { name: 'test', onError: () => undefined });
  folder = await mkdtemp(join(tmpdir(), 'handover-'));
});

afterAll(async () => {
  await closeRedis(redis);
  await connection.close();
  await rm(folder, { recursive: true });
});

beforeEach(async () => {
  migration = `cli-${randomUUID().slice(0, 8)}`;
  policyStore = createPolicyStore(redis, migration);
  await writeFile(join(folder, 'handover.config.ts'), `export default { migration: '${migration}' };`);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await stopWorker?.();
  stopWorker = undefined;
});

async function startWorker(): Promise<void> {
  const worker = await Worker.create({
    connection,
    namespace: stack.temporal.namespace,
    taskQueue: cutoverTaskQueue(migration),
    workflowBundle: bundle,
    activities: { ...createCutoverActivities({ policyStore }) },
  });
  const running = worker.run();
  stopWorker = async () => {
    worker.shutdown();
    await running;
  };
}

function policy(...args: readonly string[]): Promise<CommandRun> {
  return runCommand('policy', ...args, '--instance', stack.instance, '--config', join(folder, 'handover.config.ts'));
}

describe('with a worker, a policy command', () => {
  beforeEach(startWorker);

  test('returns when Redis holds the new version, and prints that', async () => {
    const { code, stdout } = await policy('percentage', '0.29', '--actor', 'ada', '--reason', 'a first step', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      version: 2,
      consumption: 'off',
      percentage: 0.29,
      allow: [],
      failover: 'none',
      updatedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      actor: 'ada',
      reason: 'a first step',
    });
    expect(await policyStore.read()).toMatchObject({ known: true, policy: { version: 2, hundredths: 29 } });
    expect(JSON.parse((await policy('show', '--json')).stdout)).toEqual(JSON.parse(stdout));
  });

  test('changes one thing each, and is in the audit stream with its actor and reason', async () => {
    vi.stubEnv('HANDOVER_ACTOR', 'bob');
    for (const args of [
      ['consumption', 'on'],
      ['allow', 'user-1'],
      ['allow', 'user-2'],
      ['disallow', 'user-1'],
      ['failover', 'kafka', '--reason', 'INC-17', '--actor', 'ada'],
    ]) {
      expect(await policy(...args, '--json')).toMatchObject({ code: 0 });
    }
    expect(JSON.parse((await policy('show', '--json')).stdout)).toMatchObject({
      version: 6,
      consumption: 'on',
      allow: ['user-2'],
      failover: 'kafka',
    });
    const audited = await createAudit(redis, migration).list();
    expect(audited.map(({ entry }) => entry)).toMatchObject([
      { version: 1, actor: 'handover' },
      { version: 2, actor: 'bob', consumption: 'on' },
      { version: 3, actor: 'bob', whitelist: { added: 'user-1' } },
      { version: 4, actor: 'bob', whitelist: { added: 'user-2' } },
      { version: 5, actor: 'bob', whitelist: { removed: 'user-1' } },
      { version: 6, actor: 'ada', failover: 'kafka', reason: 'INC-17' },
    ]);
  });

  test('for a version that is not the present one changes nothing and fails', async () => {
    await policy('consumption', 'on');
    const { code, stderr, stdout } = await policy('percentage', '50', '--expected-version', '1', '--json');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('Nothing was changed: the policy is at version 2, not 1');
    expect(await policyStore.read()).toMatchObject({ policy: { version: 2, hundredths: 0 } });
  });

  test('that asks for what is so already says so, and makes no version', async () => {
    await policy('consumption', 'on');
    const { code, stderr, stdout } = await policy('consumption', 'on', '--json');
    expect({ code, version: JSON.parse(stdout).version }).toEqual({ code: 0, version: 2 });
    expect(stderr).toContain('It was so already');
  });

  test('percentage 0 says that taking the new side away means switching it off', async () => {
    await policy('percentage', '10');
    const { code, stderr } = await policy('percentage', '0');
    expect(code).toBe(0);
    expect(stderr).toContain('no reason for kafka to adopt');
    expect(stderr).toContain("'handover policy consumption off'");
  });

  test('show asks the workflow where Redis has lost the copy', async () => {
    const { stdout } = await policy('percentage', '10', '--json');
    await redis.del(keys.policy(migration));
    expect(await policyStore.read()).toMatchObject({ known: false });
    expect(JSON.parse((await policy('show', '--json')).stdout)).toEqual(JSON.parse(stdout));
  });
});

describe('without a worker, a policy command', () => {
  test('fails and says so, and what it wanted is not made when a worker comes', async () => {
    const { code, stderr } = await policy('percentage', '50');
    expect(code).toBe(1);
    expect(stderr).toContain(`no worker of migration '${migration}' answers`);

    await startWorker();
    const after = await policy('consumption', 'on', '--json');
    expect(after.code).toBe(0);
    expect(JSON.parse(after.stdout)).toMatchObject({ version: 2, consumption: 'on', percentage: 0 });
  });

  test('show fails where there is no policy yet, and says what makes one', async () => {
    const { code, stderr } = await policy('show');
    expect(code).toBe(1);
    expect(stderr).toContain('has no policy yet');
  });
});
