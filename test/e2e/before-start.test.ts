import { randomUUID } from 'node:crypto';
import { WorkflowNotFoundError } from '@temporalio/common';
import { Kafka, logLevel } from 'kafkajs';
import { afterEach, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import { BEFORE_START } from '../../src/domain/policy/start.js';
import { createDeadLetterIndex } from '../../src/ledger/redis/stores/dead-letter-index.js';
import { moveGroup } from '../support/brokers/kafka-positions.js';
import { type LiveMigration, startLiveMigration } from '../support/live-migration.js';
import { readMetric } from '../support/metric.js';
import { runCommand } from '../support/run-command.js';
import { serviceVariables, type WorkerProcess } from '../support/worker-process.js';

const stack = inject('stack');
const patience = { timeout: 60_000, interval: 250 };
const MARGIN_MS = 1_000;

let live: LiveMigration;

beforeEach(async () => {
  live = await startLiveMigration(stack, { adoption: { margin: MARGIN_MS, firstLook: 1_000, longestLook: 2_000 } });
});
afterEach(() => live?.close());

const publish = (count: number, sides?: readonly ('kafka' | 'rocketmq')[]): Promise<string[]> =>
  Promise.all(Array.from({ length: count }, () => live.publish(sides === undefined ? {} : { sides })));

/** Sets the start as a person does, and answers it. */
async function setStart(at = 'now'): Promise<{ at: string; positions: Record<string, string> }> {
  for (const [name, value] of Object.entries(serviceVariables(stack))) vi.stubEnv(name, value);
  const args = ['policy', 'start', '--at', at, '--reason', 'the consumer before has stopped', '--json'];
  const { code, stdout, stderr } = await runCommand(...args, '--config', live.configPath);
  vi.unstubAllEnvs();
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout).start;
}

async function untilSettled(ids: readonly string[]): Promise<void> {
  await vi.waitFor(async () => {
    expect(await live.ledger.states(ids)).toEqual(ids.map(() => 'settled'));
  }, patience);
}

const beforeStartOn = (worker: WorkerProcess): Promise<number> =>
  readMetric(worker, 'handover_routed_total', { verdict: 'before-start' });

const hasWorkflow = async (id: string): Promise<boolean> =>
  live.client.workflow
    .getHandle(id)
    .describe()
    .then(
      () => true,
      (error: unknown) => {
        if (error instanceof WorkflowNotFoundError) return false;
        throw error;
      },
    );

describe('on the real services', () => {
  it('what the consumer before had is rewarded by neither side, what it left is rewarded by kafka, once (P1, P4)', async () => {
    const had = await publish(6);
    await moveGroup(stack.kafka.brokers, live, 'end');
    const left = await publish(6);
    const steward = await live.startWorker('kafka', ['--no-intake']);
    const start = await setStart();
    expect(Object.values(start.positions).reduce((sum, offset) => sum + Number(offset), 0)).toBe(had.length);
    await steward.stop();

    const rocketmq = await live.startWorker('rocketmq');
    await live.setPolicy('setConsumption', { consumption: 'on' });
    await live.setPolicy('setPercentage', { hundredths: 10_000 });
    // Nobody has any of them: rocketmq, which would own all by the percentage, acknowledges its copies all the same.
    await vi.waitFor(async () => expect(await beforeStartOn(rocketmq)).toBe(had.length + left.length), patience);
    for (const id of [...had, ...left]) {
      expect(await live.read(id)).toBeUndefined();
      expect(await hasWorkflow(id)).toBe(false);
    }

    let kafka = await live.startWorker('kafka');
    await untilSettled(left);
    for (const id of left) expect(await live.read(id)).toMatchObject({ owner: 'kafka', reason: BEFORE_START });
    await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(Date.parse(start.at) + MARGIN_MS), patience);
    const since = await publish(4);
    await untilSettled(since);
    for (const id of since) expect(await live.read(id)).toMatchObject({ owner: 'rocketmq' });

    // Somebody moves the group to the beginning of the topic: what the consumer before had comes to kafka after all.
    await kafka.stop();
    await moveGroup(stack.kafka.brokers, live, 'beginning');
    kafka = await live.startWorker('kafka');
    await vi.waitFor(async () => expect(await beforeStartOn(kafka)).toBe(had.length), patience);

    const effects = live.effects();
    expect(had.filter((id) => effects.has(id))).toEqual([]);
    expect([...left, ...since].map((id) => effects.get(id))).toEqual([...left, ...since].map(() => 1));
  });

  it('copies that had come to wait on rocketmq when the start was set are never adopted, and end when kafka is past them (P1)', async () => {
    await publish(3, ['kafka']);
    await moveGroup(stack.kafka.brokers, live, 'end');
    const rocketmq = await live.startWorker('rocketmq');
    const waiting = await publish(3, ['rocketmq']);
    await vi.waitFor(async () => {
      expect(await Promise.all(waiting.map(hasWorkflow))).toEqual([true, true, true]);
    }, patience);
    await setStart();
    await live.setPolicy('setConsumption', { consumption: 'on' });
    await live.setPolicy('setFailover', { failover: 'rocketmq' });
    await live.startWorker('kafka');
    await untilSettled(waiting);
    for (const id of waiting) {
      expect(await live.read(id)).toMatchObject({ outcome: 'abandoned', owner: 'kafka', reason: BEFORE_START });
      expect(await live.client.workflow.getHandle(id).result()).toMatchObject({ resolvedBy: BEFORE_START });
      expect(live.callsFor(id)).toBe(0);
    }
    await vi.waitFor(async () => expect(await readMetric(rocketmq, 'handover_waiting')).toBe(0), patience);
  });

  it('without a start nothing is before it: what was published before the first worker ran is rewarded once', async () => {
    const ids = await publish(4);
    await Promise.all([live.startWorker('kafka'), live.startWorker('rocketmq')]);
    await untilSettled(ids);
    expect(ids.map((id) => live.effects().get(id))).toEqual([1, 1, 1, 1]);
  });

  it('a delivery from beyond the memory of the ledger is dead-lettered, and one without a time is rewarded (P1, P2)', async () => {
    const producer = new Kafka({ brokers: [...stack.kafka.brokers], logLevel: logLevel.NOTHING }).producer();
    await producer.connect();
    const send = async (timestamp: string): Promise<string> => {
      const id = randomUUID();
      const message = { value: '{"amount":5}', headers: { 'message-id': id }, timestamp };
      await producer.send({ topic: live.migration.topics.kafka, messages: [message] });
      return id;
    };
    const old = await send(String(Date.now() - 14 * 24 * 60 * 60 * 1_000 - 60_000));
    const timeless = await Promise.all([send('0'), send(String(Math.floor(Date.now() / 1_000)))]);
    await producer.disconnect();
    await live.startWorker('kafka');
    await untilSettled(timeless);
    const letters = createDeadLetterIndex(live.redis, live.migration.name);
    await vi.waitFor(async () => {
      expect(await letters.list()).toMatchObject([{ messageId: old, side: 'kafka', reason: 'too-old' }]);
    }, patience);
    expect(live.callsFor(old)).toBe(0);
  });
});
