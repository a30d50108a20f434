import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import { messageStartOptions } from '../../src/intake/start-options.js';
import { keys } from '../../src/ledger/redis/keys.js';
import { createAudit } from '../../src/ledger/redis/stores/audit.js';
import { createLedgerMarks } from '../../src/ledger/redis/stores/marks.js';
import { MESSAGE_WORKFLOW } from '../../src/workflows/names.js';
import { type RedisServer, startRedis } from '../support/ledger/redis-server.js';
import { type LiveMigration, startLiveMigration } from '../support/live-migration.js';
import { runCommand } from '../support/run-command.js';
import { serviceVariables, type WorkerProcess } from '../support/worker-process.js';

const stack = inject('stack');
const patience = { timeout: 60_000, interval: 200 };

let server: RedisServer;
let live: LiveMigration;
let worker: WorkerProcess;

beforeEach(async () => {
  server = await startRedis();
  const services = { ...stack, redis: { ...stack.redis, url: server.url } };
  for (const [name, value] of Object.entries(serviceVariables(services))) vi.stubEnv(name, value);
  live = await startLiveMigration(services);
  worker = await live.startWorker('kafka');
});
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') console.error(worker.log());
  vi.unstubAllEnvs();
  await live?.close();
  await server?.stop();
});

async function untilSettled(ids: readonly string[]): Promise<void> {
  await vi.waitFor(async () => {
    expect(new Set(await live.ledger.states(ids))).toEqual(new Set(['settled']));
  }, patience);
}

const publish = (count: number): Promise<string[]> =>
  Promise.all(Array.from({ length: count }, () => live.publish({ sides: ['kafka'] })));

const damage = (messageId: string): Promise<unknown> =>
  live.redis.set(keys.record(live.migration.name, messageId), 'junk');

async function deadLetters(): Promise<unknown> {
  const { stdout } = await runCommand('dead-letters', '--config', live.configPath, '--json');
  return (JSON.parse(stdout) as { deadLetters: unknown }).deadLetters;
}

/** A workflow under the message's ID that is open and whose input is none: `queue` says who works on it. */
async function startOdd(queue: string, input: unknown): Promise<string> {
  const messageId = randomUUID();
  const decision = { owner: 'kafka', reason: 'switch off', policyVersion: 1 } as const;
  const proper = messageStartOptions({
    input: { migration: live.migration.name, messageId, decision, delivered: [] } as never,
    body: Buffer.from('{}'),
    side: 'kafka',
    state: 'processing',
  });
  await live.client.workflow.start(MESSAGE_WORKFLOW, { ...proper, taskQueue: queue, args: [input] });
  return messageId;
}

describe('one damaged record holds up no other message (P2)', () => {
  it('its delivery is dead-lettered with the reason, and what lies behind it on the partition is rewarded', async () => {
    const [first = ''] = await publish(1);
    await untilSettled([first]);
    await damage(first);
    await live.publish({ messageId: first, sides: ['kafka'] });
    await untilSettled(await publish(8));
    await vi.waitFor(async () => {
      expect(await deadLetters()).toMatchObject([{ messageId: first, reason: 'record-unreadable' }]);
    }, patience);
    expect(live.callsFor(first)).toBe(1);
  });

  it('a recovery ends although two records, a start and a workflow without workers cannot be read, and names them', async () => {
    const settled = await publish(5);
    await untilSettled(settled);
    const [odd, silent] = [await startOdd('handover-nobody', null), await startOdd('handover-nobody-else', {})];
    const [one = '', two = ''] = settled;
    await live.redis.flushall();
    await Promise.all([damage(one), damage(two)]);

    const view = await vi.waitFor(async () => {
      const found = await createLedgerMarks(live.redis, live.migration.name).view();
      expect(found).toMatchObject({ phase: 'intact', recovery: expect.anything() });
      return found;
    }, patience);
    const failed = view.recovery?.failed;
    expect(failed?.first.map(({ messageId }) => messageId).sort()).toEqual([one, two, odd, silent].sort());
    expect(failed?.count).toBe(4);
    const audit = await createAudit(live.redis, live.migration.name).list();
    expect(audit.find(({ kind }) => kind === 'recovery')?.entry).toMatchObject({ failed: { count: 4 } });
    expect(await live.ledger.states(settled.slice(2))).toEqual(['settled', 'settled', 'settled']);

    const status = await runCommand('status', '--config', live.configPath);
    expect(status.code).toBe(0);
    expect(status.stdout).toContain('not restored 4');
    expect(status.stdout).toContain(one);
    await untilSettled(await publish(5));
    for (const messageId of [odd, silent]) await live.client.workflow.getHandle(messageId).terminate();
  });
});
