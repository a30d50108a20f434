import { setMaxListeners } from 'node:events';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { destination, pino } from 'pino';
import { Closers } from '../../src/async/closers.js';
import { checkMigration } from '../../src/config/check-migration.js';
import type { MigrationOptions } from '../../src/config/define-migration.js';
import { closeRedis, connectRedis, readRedisUrl } from '../../src/ledger/redis/connect.js';
import { createRedisLedger } from '../../src/ledger/redis/redis-ledger.js';
import { createPolicyStore } from '../../src/ledger/redis/stores/policy-store.js';
import { resourcesOf } from '../../src/local/stack/provision/resources.js';
import { isRunning, startStack } from '../../src/local/stack/start-stack.js';
import { dataFolder, logsFolder } from '../../src/local/stack/state.js';
import { stopStack } from '../../src/local/stack/stop-stack.js';
import { Links } from './network/links.js';
import { Provider } from './provider.js';
import type { Ground } from './rig.js';
import type { Dispatch } from './scenario.js';
import { Services } from './services.js';
import { Traffic } from './traffic/traffic.js';
import { KafkaTruth } from './verdict/kafka-truth.js';
import { RocketmqTruth } from './verdict/rocketmq-truth.js';
import { Workers } from './workers.js';

/** Short times, so that what takes minutes in production is over in seconds; the ratios between them are production's. */
const OPTIONS: MigrationOptions = {
  migration: 'chaos',
  topics: 'chaos',
  provider: { connectTimeout: 400, timeout: 1_200 },
  settlesWithin: 1_000,
  attemptTimeout: 4_000,
  retry: { initialInterval: 300, backoffCoefficient: 1.5, maximumInterval: 1_000, maximumAttempts: 200 },
  limits: { checkAfter: 3_000 },
};

export interface GroundOptions {
  readonly instance: string;
  /** Leave the stack up at the end, and use one that is up already. */
  readonly keep: boolean;
  readonly say: (line: string) => void;
  /** Told of a worker that has ended by itself. */
  readonly onWorkerEnd: (error: Error) => void;
  readonly signal: AbortSignal;
}

/** Brings everything up, has `work` done on it, and ends everything that was brought up, however that went. */
export async function onGround<T>(
  options: GroundOptions,
  work: (ground: Ground, traffic: Traffic) => Promise<T>,
): Promise<T> {
  const { instance, keep } = options;
  const log = pino({ level: 'silent' });
  const closers = new Closers(log);
  try {
    if (!keep || !(await isRunning(instance))) await wipe(instance);
    closers.add('stack', async () => {
      if (!keep) await wipe(instance);
    });
    return await open(options, closers, work);
  } finally {
    options.say('stopping what was started');
    await closers.close();
  }
}

async function open<T>(
  { instance, say, onWorkerEnd, signal: interrupted }: GroundOptions,
  closers: Closers,
  work: (ground: Ground, traffic: Traffic) => Promise<T>,
): Promise<T> {
  const failed = new AbortController();
  const signal = AbortSignal.any([interrupted, failed.signal]);
  // Every wait of a scenario listens to it, and scenarios wait for many things at once.
  setMaxListeners(0, signal);
  const migration = checkMigration(OPTIONS, {});
  const report = (_subject: string, line: string): void => say(line);
  // Natively, as single services are to be stopped and started.
  const where = { instance, persist: true, native: true };
  const stack = await startStack({ ...where, resources: resourcesOf(migration), report, signal });
  const folder = join(logsFolder(instance), 'chaos');
  await mkdir(folder, { recursive: true });
  const configs = {
    activity: await writeConfig(folder, 'activity'),
    'inline-first': await writeConfig(folder, 'inline-first'),
  };
  const log = pino({ level: 'info' }, destination({ dest: join(folder, 'producers.log'), sync: true }));

  const connection = await Connection.connect({ address: stack.temporal.address });
  closers.add('temporal', () => connection.close());
  const redis = connectRedis(readRedisUrl(stack.redis.url), { name: 'chaos', onError: () => undefined });
  closers.add('redis', () => closeRedis(redis));
  const kafka = await KafkaTruth.open(stack.kafka.brokers, migration.topics.kafka, migration.consumerGroup);
  closers.add('kafka', () => kafka.close());
  const { nameServer } = stack.rocketmq;
  const rocketmq = new RocketmqTruth(nameServer, migration.topics.rocketmq, migration.consumerGroup);
  const traffic = new Traffic({ stack, migration, log, signal });
  closers.add('producers', () => traffic.close());
  const services = new Services(instance);
  closers.add('paused services', async () => services.resumeAll());
  const provider = await Provider.start({
    instance,
    folder,
    ledgerFile: join(folder, 'provider-ledger.jsonl'),
    signal,
    onUnexpectedEnd: (error) => failed.abort(error),
  });
  closers.add('provider', () => provider.stop());
  const links = await Links.open(stack, provider.url);
  closers.add('links', () => links.close());
  const workers = new Workers({
    stack,
    links: links.bySide,
    configs,
    folder,
    signal,
    onUnexpectedEnd: onWorkerEnd,
  });
  closers.add('workers', () => {
    links.heal();
    return workers.stopAll();
  });
  const { name, settledLifetimeMs } = migration;
  const ledger = createRedisLedger(redis, { migration: name, settledLifetimeMs });
  return work(
    {
      ...{
        stack,
        migration,
        redis,
        ledger,
        links,
        workers,
        services,
        provider,
        kafka,
        rocketmq,
        folder,
        signal,
        log,
        say,
      },
      client: new Client({ connection, namespace: stack.temporal.namespace }),
      policyStore: createPolicyStore(redis, name),
    },
    traffic,
  );
}

/** The workers' config for runs of this dispatch; where it is. */
async function writeConfig(folder: string, dispatch: Dispatch): Promise<string> {
  const file = join(folder, `${dispatch}.config.mjs`);
  await writeFile(file, `export default ${JSON.stringify({ ...OPTIONS, dispatch }, undefined, 2)};\n`);
  return file;
}

/** Ends the stack of an earlier run, and forgets what it has kept. */
async function wipe(instance: string): Promise<void> {
  await stopStack(instance);
  await rm(dataFolder(instance, true), { recursive: true, force: true });
}
