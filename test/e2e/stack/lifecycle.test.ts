import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { loadMigration } from '../../../src/config/load-migration.js';
import { instanceFolder, stateFolder } from '../../../src/local/stack/folders.js';
import { aliveServices } from '../../../src/local/stack/native-stack.js';
import { allPorts } from '../../../src/local/stack/ports.js';
import { isAlive, type ProcessIdentity } from '../../../src/local/stack/processes/process-identity.js';
import { stopProcess } from '../../../src/local/stack/processes/processes.js';
import { resourcesOf } from '../../../src/local/stack/provision/resources.js';
import { type StartOptions, startStack } from '../../../src/local/stack/start-stack.js';
import {
  dataFolder,
  type LocalStack,
  readRecord,
  readStack,
  SERVICES,
  type StackRecord,
} from '../../../src/local/stack/state.js';
import { stopStack } from '../../../src/local/stack/stop-stack.js';

/** Two stacks are started, at once and once for all tests here: each start takes many seconds of both cores. */
let stateHome: string;
let first: LocalStack;
let second: LocalStack;

async function up(options: Partial<StartOptions>): Promise<LocalStack> {
  const resources = resourcesOf(await loadMigration({ env: {} }));
  return startStack({ instance: 'first', native: true, resources, ...options });
}

beforeAll(async () => {
  stateHome = await mkdtemp(join(tmpdir(), 'handover-stacks-'));
  vi.stubEnv('XDG_STATE_HOME', stateHome);
  [first, second] = await Promise.all([up({ instance: 'first' }), up({ instance: 'second', persist: true })]);
}, 240_000);

afterAll(async () => {
  await Promise.all([stopStack('first'), stopStack('second'), stopStack('third')]);
  vi.unstubAllEnvs();
  await rm(stateHome, { recursive: true });
});

function recordOf(instance: string): StackRecord {
  const record = readRecord(instance);
  if (record === undefined) throw new Error(`there is no record of '${instance}'`);
  return record;
}

function processesOf(instance: string): readonly ProcessIdentity[] {
  return Object.values(recordOf(instance).processes);
}

function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const tell = (answer: boolean) => () => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', tell(true)).once('error', tell(false));
  });
}

describe('two stacks started at the same time', () => {
  it('stand side by side, on ports of their own', () => {
    const numbers = [recordOf('first'), recordOf('second')].flatMap(({ ports }) =>
      allPorts(ports).map((port) => port.number),
    );
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(aliveServices(recordOf('first'))).toEqual(SERVICES);
    expect(aliveServices(recordOf('second'))).toEqual(SERVICES);
  });

  it('answer on the loopback address only', async () => {
    const others = Object.values(networkInterfaces()).flatMap((addresses = []) =>
      addresses.filter(({ family, internal }) => family === 'IPv4' && !internal).map(({ address }) => address),
    );
    for (const { number } of allPorts(recordOf('first').ports)) {
      expect(await answers('127.0.0.1', number), `127.0.0.1:${number}`).toBe(true);
      for (const address of others) expect(await answers(address, number), `${address}:${number}`).toBe(false);
    }
  });

  it('do not share what they hold', async () => {
    const [one, other] = [new Redis(first.redis.url), new Redis(second.redis.url)];
    await one.set('held', 'by the first');
    expect(await other.get('held')).toBeNull();
    one.disconnect();
    other.disconnect();
  });
});

describe('starting a stack that is up', () => {
  it('answers the same and touches no process', async () => {
    const before = recordOf('first');
    expect(await up({ instance: 'first' })).toEqual(first);
    expect(recordOf('first')).toEqual(before);
    expect(readStack('first')).toEqual(first);
  });

  it('starts again what has stopped, says so, and leaves alone what runs', async () => {
    const before = recordOf('first').processes;
    const { redis, ...others } = before;
    if (redis === undefined) throw new Error('there is no Redis');
    await stopProcess(redis, 'orderly');
    const lines: string[] = [];
    expect(await up({ instance: 'first', report: (_, line) => lines.push(line) })).toEqual(first);
    expect(lines).toContain('had stopped, and is started again: redis');
    const { redis: restarted, ...untouched } = recordOf('first').processes;
    expect(untouched).toEqual(others);
    expect(restarted?.pid).not.toBe(redis.pid);
    // The ledger outlives a Redis that died.
    const client = new Redis(first.redis.url);
    expect(await client.get('held')).toBe('by the first');
    client.disconnect();
  });

  it('refuses to make it persistent, or to move its ports', async () => {
    const refused = { code: 'stack-failed', hint: expect.stringContaining('handover down --instance first') };
    await expect(up({ instance: 'first', persist: true })).rejects.toMatchObject(refused);
    await expect(up({ instance: 'first', ports: { redis: 1234 } })).rejects.toMatchObject(refused);
    expect(readStack('first')).toEqual(first);
  });
});

describe('a start that fails', () => {
  beforeEach(() => {
    expect(readRecord('third')).toBeUndefined();
  });

  afterEach(async () => {
    expect(readRecord('third')).toBeUndefined();
    expect(existsSync(dataFolder('third', false))).toBe(false);
    const claims = await readdir(join(stateFolder(), '.ports'));
    expect(claims).toHaveLength(2);
  });

  it('for a port that is taken names it in one sentence, and how to move it', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    await expect(up({ instance: 'third', ports: { kafka: port } })).rejects.toMatchObject({
      code: 'port-taken',
      message: `Port ${port}, which Kafka needs, is already in use.`,
      hint: expect.stringMatching(/--kafka-port or HANDOVER_KAFKA_PORT/),
    });
    server.close();
  });

  it('for a program that is not where it should be says which variable names it', async () => {
    vi.stubEnv('REDIS_SERVER_PATH', '/nowhere/redis-server');
    const failure = up({ instance: 'third' });
    await expect(failure).rejects.toMatchObject({
      code: 'tool-missing',
      message: 'REDIS_SERVER_PATH names /nowhere/redis-server, which is not there.',
    });
    vi.stubEnv('REDIS_SERVER_PATH', undefined);
  });

  it('for a program that ends at once says so, names its log, and leaves nothing running', async () => {
    // It ends once another service runs: what was never started would leave nothing running either.
    const program = join(stateHome, 'ends-at-once');
    const record = join(instanceFolder('third'), 'stack.json');
    const lines = [
      '#!/bin/sh',
      `until grep -q '"temporal": {' '${record}' 2>/dev/null; do sleep 0.05; done`,
      'exit 1',
      '',
    ];
    await writeFile(program, lines.join('\n'), { mode: 0o755 });
    vi.stubEnv('REDIS_SERVER_PATH', program);
    const seen: ProcessIdentity[] = [];
    const report = (): unknown => seen.push(...Object.values(readRecord('third')?.processes ?? {}));
    await expect(up({ instance: 'third', report })).rejects.toMatchObject({
      code: 'stack-failed',
      message: 'Redis stopped while it was starting: it printed nothing',
      hint: `Its log: ${join(instanceFolder('third'), 'logs', 'redis.log')}`,
    });
    vi.stubEnv('REDIS_SERVER_PATH', undefined);
    expect(seen.length).toBeGreaterThan(0);
    expect(seen.filter(isAlive)).toEqual([]);
  });

  it('because it was interrupted leaves nothing running', async () => {
    const interruption = new AbortController();
    const seen: ProcessIdentity[] = [];
    const report = (): void => {
      const processes = Object.values(readRecord('third')?.processes ?? {});
      seen.push(...processes);
      if (processes.length > 2) interruption.abort();
    };
    await expect(up({ instance: 'third', report, signal: interruption.signal })).rejects.toMatchObject({
      code: 'interrupted',
    });
    expect(seen.length).toBeGreaterThan(2);
    expect(seen.filter(isAlive)).toEqual([]);
  });
});

describe('stopping a stack', () => {
  it('leaves none of its processes, and wipes its data', async () => {
    const processes = processesOf('first');
    expect(await stopStack('first')).toEqual({ instance: 'first', stopped: SERVICES, kept: false });
    expect(processes).toHaveLength(SERVICES.length);
    expect(processes.filter(isAlive)).toEqual([]);
    expect(await readdir(instanceFolder('first'))).toEqual(['logs']);
  });

  it('leaves another one alone', () => {
    expect(aliveServices(recordOf('second'))).toEqual(SERVICES);
  });

  it('that is not up is no error', async () => {
    expect(await stopStack('first')).toEqual({ instance: 'first', stopped: [], kept: false });
  });

  it('keeps the data of one that is to persist', async () => {
    const client = new Redis(second.redis.url);
    await client.set('kept', 'yes');
    client.disconnect();
    expect(await stopStack('second')).toMatchObject({ stopped: SERVICES, kept: true });
    expect((await readdir(dataFolder('second', true))).sort()).toEqual([...SERVICES].sort());
    expect(existsSync(join(dataFolder('second', true), 'temporal', 'temporal.db'))).toBe(true);
  });
});
