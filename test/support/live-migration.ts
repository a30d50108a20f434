import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { createDualProducer, type DualProducer } from '../../src/brokers/dual-producer.js';
import type { MigrationOptions } from '../../src/config/define-migration.js';
import { loadMigration } from '../../src/config/load-migration.js';
import type { Migration } from '../../src/config/migration.js';
import type { LedgerRecord } from '../../src/domain/ledger/record.js';
import type { Policy } from '../../src/domain/policy/policy.js';
import type { Side } from '../../src/domain/side.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import { closeRedis, connectRedis, type RedisClient, readRedisUrl } from '../../src/ledger/redis/connect.js';
import { createRedisLedger } from '../../src/ledger/redis/redis-ledger.js';
import { readSimulatorLedger } from '../../src/local/simulator/ledger.js';
import { type Simulator, startSimulator } from '../../src/local/simulator/server.js';
import { provision } from '../../src/local/stack/provision/provision.js';
import { resourcesOf } from '../../src/local/stack/provision/resources.js';
import type { LocalStack } from '../../src/local/stack/state.js';
import type { Change } from '../../src/workflows/cutover/contract.js';
import { cutoverWorkflowId } from '../../src/workflows/names.js';
import { startWorkerProcess, type WorkerProcess } from './worker-process.js';

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const by: Change = { actor: 'test', reason: 'a test' };

/** A migration of a test's own on the real services: names that nobody else uses, and a simulator as its provider. */
export interface LiveMigration {
  readonly migration: Migration;
  readonly client: Client;
  readonly redis: RedisClient;
  readonly ledger: Ledger;
  readonly simulator: Simulator;
  readonly producer: DualProducer;
  readonly configPath: string;
  /** What the provider writes down, line by line. */
  readonly ledgerFile: string;
  startWorker(side: Side, flags?: readonly string[]): Promise<WorkerProcess>;
  setPolicy(update: string, value: Record<string, unknown>): Promise<Policy>;
  /** Publishes one message to both brokers, or to `sides`; answers its ID. */
  publish(options?: { messageId?: string; businessId?: string; sides?: readonly Side[] }): Promise<string>;
  /** Rewards that the provider gave, by message, from its own ledger file. */
  effects(): Map<string, number>;
  /** Calls that the provider saw for one message. */
  callsFor(messageId: string): number;
  read(messageId: string): Promise<LedgerRecord | undefined>;
  close(): Promise<void>;
}

/** What all tests share: short waits, so that a failure shows within seconds. */
const QUICK = {
  provider: { timeout: 1_500, connectTimeout: 500 },
  settlesWithin: 1_000,
  attemptTimeout: 5_000,
  retry: { initialInterval: 500, backoffCoefficient: 1.5, maximumInterval: 1_000, maximumAttempts: 20 },
  limits: { checkAfter: 2_000 },
};

/** `given`: settings of the migration that go before those of `base`. Give {} for `base` to have what is shipped. */
export async function startLiveMigration(
  stack: LocalStack,
  given: MigrationOptions = {},
  base: Partial<typeof QUICK> = QUICK,
): Promise<LiveMigration> {
  const name = `t-${randomUUID().slice(0, 8)}`;
  const folder = await mkdtemp(join(tmpdir(), 'handover-test-'));
  const ledgerFile = join(folder, 'provider.jsonl');
  const simulator = await startSimulator({ ledgerFile, settlesWithinMs: 1_000, seed: name });
  const configPath = join(folder, 'handover.config.mjs');
  const options = {
    migration: name,
    topics: name,
    ...base,
    provider: { ...base.provider, url: `${simulator.url}/rewards` },
    ...given,
    limits: { ...base.limits, ...given.limits },
  };
  await writeFile(configPath, `export default ${JSON.stringify(options)};\n`);
  const migration = await loadMigration({ configPath, env: {} });
  await provision(stack, resourcesOf(migration));

  const connection = await Connection.connect({ address: stack.temporal.address });
  const client = new Client({ connection, namespace: stack.temporal.namespace });
  const redis = connectRedis(readRedisUrl(stack.redis.url), { name: 'test', onError: () => undefined });
  const ledger = createRedisLedger(redis, { migration: name, settledLifetimeMs: migration.settledLifetimeMs });
  const producer = createDualProducer({
    kafka: { brokers: stack.kafka.brokers },
    rocketmq: { endpoints: stack.rocketmq.endpoints, tls: false },
    topics: migration.topics,
    log: silent,
  });
  const workers: WorkerProcess[] = [];

  return {
    migration,
    client,
    redis,
    ledger,
    simulator,
    producer,
    configPath,
    ledgerFile,
    async startWorker(side, flags) {
      const worker = await startWorkerProcess(stack, side, configPath, {}, flags);
      workers.push(worker);
      return worker;
    },
    setPolicy: (update, value) =>
      client.workflow.getHandle(cutoverWorkflowId(name)).executeUpdate(update, { args: [{ ...by, ...value }] }),
    async publish({ messageId = randomUUID(), businessId, sides } = {}) {
      const report = await producer.send({
        messageId,
        body: JSON.stringify({ messageId, amount: 5 }),
        ...(businessId !== undefined && { businessId }),
        ...(sides !== undefined && { sides: [...sides] }),
      });
      for (const side of [report.kafka, report.rocketmq]) if (side?.ok === false) throw side.error;
      return messageId;
    },
    effects() {
      const effects = new Map<string, number>();
      for (const { messageId, effect } of readSimulatorLedger(ledgerFile)) {
        if (effect === 'granted') effects.set(messageId, (effects.get(messageId) ?? 0) + 1);
      }
      return effects;
    },
    callsFor: (messageId) => readSimulatorLedger(ledgerFile).filter((entry) => entry.messageId === messageId).length,
    read: (messageId) => ledger.read(messageId),
    async close() {
      await Promise.all(workers.map((worker) => worker.stop()));
      await producer.close();
      await closeRedis(redis);
      await connection.close();
      await simulator.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
