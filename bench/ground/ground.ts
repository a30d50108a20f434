import { setMaxListeners } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { Closers } from '../../src/async/closers.js';
import { HandoverError, toError } from '../../src/domain/errors.js';
import { closeRedis, connectRedis, readRedisUrl } from '../../src/ledger/redis/connect.js';
import { provision } from '../../src/local/stack/provision/provision.js';
import { resourcesOf } from '../../src/local/stack/provision/resources.js';
import { startStack } from '../../src/local/stack/start-stack.js';
import { type LocalStack, logsFolder, readRecord } from '../../src/local/stack/state.js';
import { stopStack } from '../../src/local/stack/stop-stack.js';
import type { Contender } from '../contenders/contender.js';
import { namesFor } from '../contenders/rival.js';
import { type Postgres, startPostgres } from './postgres.js';
import { BenchProvider } from './provider.js';
import { Publishing } from './publishing.js';
import { startTemporalOnPostgres } from './temporal-postgres.js';
import { findTemporalPrograms } from './temporal-programs.js';

export interface GroundOptions {
  readonly instance: string;
  readonly temporal: 'dev' | 'postgres';
  /** Whether a contender needs PostgreSQL. */
  readonly wantsPostgres: boolean;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** The servers that all contenders run on, and what stands beside them. */
export interface Ground {
  readonly instance: string;
  readonly stack: LocalStack;
  readonly folder: string;
  readonly client: Client;
  readonly redis: Redis;
  readonly provider: BenchProvider;
  readonly publishing: Publishing;
  /** @throws why there is none */
  postgres(): Postgres;
  /** The processes of each service. */
  readonly services: Readonly<Record<'temporal' | 'redis' | 'brokers' | 'postgres' | 'provider', readonly number[]>>;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/** Brings everything up, has `work` done on it, and ends everything that was brought up, however that went. */
export async function onGround<T>(options: GroundOptions, work: (ground: Ground) => Promise<T>): Promise<T> {
  const closers = new Closers(pino({ level: 'silent' }));
  try {
    await stopStack(options.instance);
    closers.add('stack', () => stopStack(options.instance));
    return await work(await open(options, closers));
  } finally {
    options.say('stopping what was started');
    await closers.close();
  }
}

async function open(options: GroundOptions, closers: Closers): Promise<Ground> {
  const { instance, temporal, wantsPostgres, say, signal: interrupted } = options;
  const failed = new AbortController();
  const onUnexpectedEnd = (error: Error): void => failed.abort(error);
  const signal = AbortSignal.any([interrupted, failed.signal]);
  setMaxListeners(0, signal);
  // What the user has asked for by name is looked for before anything is started.
  const programs = temporal === 'postgres' ? await findTemporalPrograms(say, signal) : undefined;
  const report = (_subject: string, line: string): void => say(line);
  const resources = resourcesOf(namesFor('bench'));
  const started = await startStack({ instance, native: true, resources, report, signal });
  const folder = join(logsFolder(instance), 'bench');
  await mkdir(folder, { recursive: true });
  const log = pino({ level: 'silent' });

  // Who needs it and finds it missing is told why, and the others do without.
  const server: Postgres | Error =
    wantsPostgres || programs !== undefined
      ? await startPostgres(instance, folder).catch(toError)
      : new Error('nobody has asked for PostgreSQL');
  if (!(server instanceof Error)) closers.add('postgres', () => server.stop());
  const postgres = (): Postgres => {
    if (server instanceof Error) throw server;
    return server;
  };
  const durable =
    programs && (await startTemporalOnPostgres({ instance, folder, postgres: postgres(), programs, signal }));
  if (durable !== undefined) closers.add('temporal server', () => durable.stop());
  const stack = { ...started, ...(durable !== undefined && { temporal: durable.temporal }) };

  const connection = await Connection.connect({ address: stack.temporal.address });
  closers.add('temporal', () => connection.close());
  const redis = connectRedis(readRedisUrl(stack.redis.url), { name: 'bench', onError: () => undefined });
  closers.add('redis', () => closeRedis(redis));
  if (!(redis instanceof Redis)) throw new HandoverError('stack-failed', 'The local Redis is no cluster.');
  const provider = await BenchProvider.start({ instance, folder, signal, onUnexpectedEnd });
  closers.add('provider', () => provider.stop());
  const publishing = await Publishing.open(stack, log);
  closers.add('producers', () => publishing.close());
  return {
    ...{ instance, stack, folder, redis, provider, publishing, postgres, signal, say },
    client: new Client({ connection, namespace: stack.temporal.namespace }),
    services: servicesOf(instance, provider, server, durable?.pid),
  };
}

/** Makes topics, groups and search attributes for a contender, and what else it needs. */
export async function makeRoom(ground: Ground, contender: Contender): Promise<void> {
  await provision(ground.stack, resourcesOf(contender.migration));
  await contender.prepare?.(ground);
}

function servicesOf(
  instance: string,
  provider: BenchProvider,
  postgres: Postgres | Error,
  durableTemporal: number | undefined,
): Ground['services'] {
  const { processes } = readRecord(instance) ?? {};
  const pidsOf = (...names: (keyof NonNullable<typeof processes>)[]): readonly number[] =>
    names.flatMap((name) => processes?.[name]?.pid ?? []);
  return {
    temporal: durableTemporal === undefined ? pidsOf('temporal') : [durableTemporal],
    redis: pidsOf('redis'),
    brokers: pidsOf('kafka', 'rocketmq', 'rocketmq-name-server'),
    postgres: postgres instanceof Error ? [] : [postgres.pid],
    provider: [provider.pid],
  };
}
