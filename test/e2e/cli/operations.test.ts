import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import { createKafkaPublisher } from '../../../src/brokers/kafka/publisher.js';
import { findConnections } from '../../../src/cli/find-connections.js';
import { loadMigration } from '../../../src/config/load-migration.js';
import type { Migration } from '../../../src/config/migration.js';
import { SIDES } from '../../../src/domain/side.js';
import { type Simulator, startSimulator } from '../../../src/local/simulator/server.js';
import { provision } from '../../../src/local/stack/provision/provision.js';
import { resourcesOf } from '../../../src/local/stack/provision/resources.js';
import { type SideWorker, startSideWorker } from '../../../src/workers/side-worker.js';
import { type CommandRun, runCommand } from '../../support/run-command.js';
import { quietenTemporal } from '../../support/temporal/temporal-environment.js';

const stack = inject('stack');
const log = pino({ level: 'silent' });

let folder: string;
let config: string;
let migration: Migration;
let simulator: Simulator;
let workers: SideWorker[];

beforeAll(async () => {
  quietenTemporal();
  folder = await mkdtemp(join(tmpdir(), 'handover-'));
  config = join(folder, 'handover.config.ts');
  simulator = await startSimulator({ ledgerFile: join(folder, 'ledger.jsonl') });
  const name = `cli-${randomUUID().slice(0, 8)}`;
  await writeFile(
    config,
    `export default {
      migration: '${name}', topics: '${name}', attemptTimeout: '5s', settlesWithin: '1s',
      provider: { url: '${simulator.url}/grant', connectTimeout: '1s', timeout: '1s' },
    };`,
  );
  migration = await loadMigration({ configPath: config, env: {} });
  await provision(stack, resourcesOf(migration));
  const connections = findConnections(stack.instance, {});
  const { signal } = new AbortController();
  const http = { host: '127.0.0.1', port: 0 };
  const parts = { migration, connections, consumes: true, http, temporalMetricsUrl: simulator.url, log, signal };
  workers = await Promise.all(SIDES.map((side) => startSideWorker({ ...parts, side })));
  await vi.waitFor(() => expect(workers.flatMap((worker) => worker.reasons())).toEqual([]), { timeout: 60_000 });
});

afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.stop()));
  await simulator.close();
  await rm(folder, { recursive: true });
});

function handover(...args: readonly string[]): Promise<CommandRun> {
  return runCommand(...args, '--instance', stack.instance, '--config', config);
}

async function json(...args: readonly string[]): Promise<Record<string, unknown>> {
  const { stdout, stderr } = await handover(...args, '--json');
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout);
}

async function publish(...lines: readonly string[]): Promise<Record<string, unknown>> {
  const file = join(folder, `${randomUUID()}.jsonl`);
  await writeFile(file, lines.join('\n'));
  return json('publish', file);
}

function line(messageId: string): string {
  return JSON.stringify({ messageId, body: { messageId } });
}

/** Publishes a message whose reward is given without an answer. */
async function park(messageId: string): Promise<void> {
  simulator.setFaults({ 'grant-then-hang': 1 });
  await publish(line(messageId));
  await isParked(messageId);
  simulator.setFaults({});
}

async function isParked(messageId: string): Promise<void> {
  await expect
    .poll(() => json('parked'), { timeout: 60_000, interval: 250 })
    .toMatchObject({ parked: [{ messageId, owner: 'kafka', round: 1, attempt: 1, phase: 'sent', status: null }] });
}

test('publish, status and inspect: what was published is granted, and what was no message is reported', async () => {
  const good = Array.from({ length: 5 }, () => randomUUID());
  const report = await publish(...good.map(line), 'nonsense');
  expect(report).toEqual({ published: 5, failed: [{ line: 6, reason: 'it is not JSON' }] });

  await expect
    .poll(() => json('status'), { timeout: 60_000, interval: 250 })
    .toMatchObject({
      policy: { version: 1, consumption: 'off', percentage: 0 },
      messages: { assigned: 0, claimed: 0, sending: 0, parked: 0, settled: 5 },
      deadLettered: { kafka: 0, rocketmq: 0 },
      stranded: 0,
      sides: {
        kafka: { alive: true, processes: [{ state: 'ready', consumes: true, inHand: [] }] },
        rocketmq: { alive: true, processes: [{ state: 'ready', consumes: true, inHand: [] }] },
      },
    });
  for (const messageId of good) {
    expect(await json('inspect', messageId)).toMatchObject({
      messageId,
      state: 'settled',
      owner: 'kafka',
      reason: 'switch off',
      policyVersion: 1,
      round: 1,
      attempt: 1,
      outcome: 'granted',
    });
  }
  const unknown = await handover('inspect', randomUUID(), '--json');
  expect(unknown).toMatchObject({ code: 1, stdout: '' });
});

test('parked and resolve: an unknown outcome waits for a person, whose answer settles it', async () => {
  const messageId = randomUUID();
  await park(messageId);
  const { stdout } = await handover('parked');
  expect(stdout).toContain(`handover resolve ${messageId} granted --round 1`);
  expect(stdout).toContain(`${stack.temporal.ui}/namespaces/default/workflows/${messageId}`);

  const answered = await json('resolve', messageId, 'granted', '--reason', 'the provider shows it');
  expect(answered).toEqual({ messageId, round: 1, resolution: 'granted' });
  await expect
    .poll(() => json('inspect', messageId), { timeout: 20_000 })
    .toMatchObject({ state: 'settled', outcome: 'granted' });
  expect(await json('parked')).toEqual({ parked: [] });
  expect(await handover('resolve', messageId, 'abandon', '--reason', 'x')).toMatchObject({ code: 1 });
});

test('resume: a message whose workflow was terminated parks again, and is never sent by itself', async () => {
  const messageId = randomUUID();
  await park(messageId);
  expect(await handover('resume', messageId, '--reason', 'x')).toMatchObject({ code: 1 });
  const connection = await Connection.connect({ address: stack.temporal.address });
  await new Client({ connection }).workflow.getHandle(messageId).terminate('by mistake');
  await connection.close();

  expect(await json('resume', messageId, '--reason', 'by mistake')).toMatchObject({ messageId, attempted: true });
  await isParked(messageId);
  await json('resolve', messageId, 'abandon', '--reason', 'refunded', '--round', '1');
  await expect
    .poll(() => json('inspect', messageId), { timeout: 20_000 })
    .toMatchObject({ state: 'settled', outcome: 'abandoned' });
  const granted = await fetch(`${simulator.url}/ledger`).then((response) => response.text());
  expect(granted.split('\n').filter((entry) => entry.includes(messageId))).toHaveLength(1);
});

test('dead-letters: lists what could never become a message, with the reason and where it lay', async () => {
  const publisher = createKafkaPublisher({ connection: { brokers: stack.kafka.brokers }, log });
  const properties = new Map([['message-id', 'not an ID']]);
  const source = await publisher.publish({ topic: migration.topics.kafka, properties, body: Buffer.from('{}') });
  await publisher.close();
  await expect
    .poll(() => json('dead-letters'), { timeout: 60_000, interval: 250 })
    .toEqual({
      deadLetters: [
        { messageId: 'not an ID', reason: 'malformed-id', source, time: expect.stringMatching(/^\d{4}-.*Z$/) },
      ],
    });
  expect(await json('status')).toMatchObject({ deadLettered: { kafka: 1, rocketmq: 0 } });
});
