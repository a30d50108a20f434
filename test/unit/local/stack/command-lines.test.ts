import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { composeCall } from '../../../../src/local/stack/docker-stack.js';
import { blockPorts, usualPorts } from '../../../../src/local/stack/ports.js';
import { kafka } from '../../../../src/local/stack/services/kafka.js';
import { redis } from '../../../../src/local/stack/services/redis.js';
import { rocketmq, rocketmqNameServer } from '../../../../src/local/stack/services/rocketmq.js';
import type { ServiceSetting } from '../../../../src/local/stack/services/service.js';
import { temporal } from '../../../../src/local/stack/services/temporal.js';

let setting: ServiceSetting;

beforeEach(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'handover-service-'));
  const programs = {
    temporal: '/cache/temporal',
    java: 'java',
    kafkaHome: '/cache/kafka',
    rocketmqHome: '/cache/rocketmq',
    bytemanHome: '/cache/byteman',
    redisServer: '/usr/bin/redis-server',
  };
  setting = { ports: blockPorts(0), programs, persist: false, folder, logs: folder };
});

afterEach(() => rm(setting.folder, { recursive: true }));

describe("Temporal's command line", () => {
  it('serves on the loopback address only, in memory, with eager starts and the search attributes', async () => {
    const { command, args } = await temporal.prepare(setting);
    expect(command).toBe('/cache/temporal');
    const line = args.join(' ');
    expect(line).toContain('server start-dev --ip 127.0.0.1');
    expect(line).toContain('--port 20000 --ui-port 20001');
    expect(line).toContain('--dynamic-config-value system.enableEagerWorkflowStart=true');
    expect(line).toContain('--dynamic-config-value system.enableActivityEagerExecution=true');
    expect(line).toContain('--search-attribute HandoverOwner=Keyword');
    expect(line).not.toContain('--db-filename');
  });

  it('names a file when data is to persist', async () => {
    const { args } = await temporal.prepare({ ...setting, persist: true });
    const line = args.join(' ');
    expect(line).toContain(`--db-filename ${join(setting.folder, 'temporal.db')}`);
    expect(line).toContain('--sqlite-pragma journal_mode=wal --sqlite-pragma synchronous=1');
  });
});

describe("Kafka's command line", () => {
  it('reads a node that makes no topics by itself and tells clients its loopback address', async () => {
    // A formatted folder is not formatted again, which would need Java.
    await mkdir(join(setting.folder, 'log'));
    await writeFile(join(setting.folder, 'log', 'meta.properties'), '');
    const { args } = await kafka.prepare(setting);
    const properties = await readFile(String(args.at(-1)), 'utf8');
    expect(args).toContain('/cache/kafka/libs/*');
    expect(properties).toContain('auto.create.topics.enable=false');
    expect(properties).toContain('listeners=PLAINTEXT://127.0.0.1:20002,CONTROLLER://127.0.0.1:20003');
    expect(properties).toContain('advertised.listeners=PLAINTEXT://127.0.0.1:20002');
  });
});

describe("RocketMQ's command lines", () => {
  it('start a name server on the loopback address', async () => {
    const { args, environment } = await rocketmqNameServer.prepare(setting);
    const settings = await readFile(String(args.at(-1)), 'utf8');
    expect(settings).toBe('listenPort=20004\nbindAddress=127.0.0.1\n');
    expect(environment).toEqual({ ROCKETMQ_HOME: setting.folder });
  });

  it('start the broker within the proxy, after the name server, making no topics by itself', async () => {
    const { args } = await rocketmq.prepare(setting);
    expect(rocketmq.after).toBe('rocketmq-name-server');
    expect(args.join(' ')).toContain('-pm local -n 127.0.0.1:20004');
    const broker = await readFile(join(setting.folder, 'broker.conf'), 'utf8');
    expect(broker).toContain('listenPort=20010\nhaListenPort=20011\n');
    expect(broker).toContain('autoCreateTopicEnable=false');
    expect(broker).toContain(`storePathRootDir=${join(setting.folder, 'store')}`);
    const proxy = JSON.parse(await readFile(join(setting.folder, 'proxy.json'), 'utf8'));
    expect(proxy).toMatchObject({ grpcServerPort: 20_005, remotingListenPort: 20_006, localServeAddr: '127.0.0.1' });
  });

  it('keep everything that RocketMQ writes out of the home folder', async () => {
    for (const service of [rocketmqNameServer, rocketmq]) {
      expect((await service.prepare(setting)).args).toContain(`-Duser.home=${join(setting.logs, 'rocketmq')}`);
    }
  });
});

describe("Redis's command line", () => {
  it('appends every write, evicts nothing and listens on the loopback address', async () => {
    const line = (await redis.prepare(setting)).args.join(' ');
    expect(line).toContain('--port 20007 --bind 127.0.0.1');
    expect(line).toContain('--appendonly yes --maxmemory-policy noeviction');
  });
});

describe("Docker's command lines", () => {
  const record = {
    instance: 'second',
    engine: 'docker' as const,
    persist: false,
    ports: { ...usualPorts(), redis: 6380 },
    processes: {},
    ready: false,
  };

  it('are a project of its own for each instance, with its ports', () => {
    const { args, environment } = composeCall(record, ['up', '--detach']);
    expect(args.slice(0, 4)).toEqual(['compose', '--project-name', 'handover-second', '--file']);
    expect(args[4]).toMatch(/\/docker-compose\.yml$/);
    expect(args.slice(5)).toEqual(['up', '--detach']);
    expect(environment).toMatchObject({
      HANDOVER_REDIS_PORT: '6380',
      HANDOVER_ROCKETMQ_BROKER_PORT: '10911',
      HANDOVER_ROCKETMQ_BROKER_FAST_PORT: '10909',
    });
  });

  it('keep Temporal in memory unless data is to persist', () => {
    expect(composeCall(record, []).environment['HANDOVER_TEMPORAL_DB']).toBe('');
    expect(composeCall({ ...record, persist: true }, []).environment['HANDOVER_TEMPORAL_DB']).toBe('/data/temporal.db');
  });
});
