import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import type { LocalStack } from '../../src/local/stack/state.js';
import { FakeRocketmqProxy } from '../support/brokers/fake-rocketmq-proxy.js';
import { startCommand } from '../support/command-process.js';
import { type LiveMigration, startLiveMigration } from '../support/live-migration.js';
import { startTcpProxy, type TcpProxy } from '../support/network/tcp-proxy.js';
import { serviceVariables, startWorkerProcess, type WorkerProcess } from '../support/worker-process.js';

const stack = inject('stack');
const SHUTDOWN_MS = 10_000;

let live: LiveMigration;
let provider: Server;
/** Calls that hang. */
let called: number;
const links: TcpProxy[] = [];
let worker: WorkerProcess | undefined;

beforeAll(async () => {
  live = await startLiveMigration(stack);
  provider = createServer(() => {
    called += 1;
  }).listen(0, '127.0.0.1');
  await once(provider, 'listening');
});
afterAll(async () => {
  provider?.closeAllConnections();
  provider?.close();
  await live?.close();
});
beforeEach(() => {
  called = 0;
});
afterEach(async () => {
  await worker?.kill();
  for (const link of links.splice(0)) await link.stop();
});

/** The stack, one of whose services is reached over a link that can be broken. */
async function linked(service: 'redis' | 'temporal'): Promise<{ stack: LocalStack; link: TcpProxy }> {
  const address = { redis: stack.redis.url, temporal: stack.temporal.address };
  const link = await startTcpProxy(Number(address[service].split(':').at(-1)));
  links.push(link);
  const at = `127.0.0.1:${link.port}`;
  const replaced = {
    redis: { redis: { url: `redis://${at}` } },
    temporal: { temporal: { ...stack.temporal, address: at } },
  };
  return { stack: { ...stack, ...replaced[service] }, link };
}

async function configure(): Promise<void> {
  const { name: migration, topics } = live.migration;
  const { port } = provider.address() as AddressInfo;
  const settings = {
    migration,
    topics,
    provider: { url: `http://127.0.0.1:${port}/`, timeout: 15_000 },
    attemptTimeout: 20_000,
    limits: { shutdown: SHUTDOWN_MS, linger: 0 },
  };
  await writeFile(live.configPath, `export default ${JSON.stringify(settings)};\n`);
}

async function start(on: LocalStack): Promise<WorkerProcess> {
  await configure();
  worker = await startWorkerProcess(on, 'kafka', live.configPath);
  return worker;
}

/** What a worker said of its own end. */
function lastWords(stopped: Pick<WorkerProcess, 'log'>): { ms: number; open: string[] } {
  const line = stopped
    .log()
    .split('\n')
    .find((text) => text.includes('"msg":"stopped"'));
  if (line === undefined) throw new Error(`it has not said that it stopped:\n${stopped.log().slice(-2_000)}`);
  return JSON.parse(line) as { ms: number; open: string[] };
}

describe('a worker that is told to stop', () => {
  it('is gone in the time that it was given, although the provider hangs, and names the message whose outcome is unknown', async () => {
    const stopping = await start(stack);
    const messageId = await live.publish({ sides: ['kafka'] });
    await expect.poll(() => called).toBeGreaterThan(0);
    expect(await stopping.stop()).toBe(0);
    expect(lastWords(stopping).open).toEqual([]);
    const cutOff = stopping
      .log()
      .split('\n')
      .find((line) => line.includes('were cut off'));
    expect(cutOff).toContain(messageId);
    const handle = live.client.workflow.getHandle(messageId);
    await expect.poll(async () => (await live.read(messageId))?.state).toBe('sending');
    await handle.terminate('the test is over');
  });

  it.for(['redis', 'temporal'] as const)('is gone in time although %s went away before', async (service) => {
    const { stack: on, link } = await linked(service);
    const stopping = await start(on);
    await link.stop();
    links.splice(0);
    expect(await stopping.stop()).toBe(0);
    lastWords(stopping);
  });

  it.for(['redis', 'temporal'] as const)('is gone in time although %s has gone silent', async (service) => {
    const { stack: on, link } = await linked(service);
    const stopping = await start(on);
    link.hang();
    expect(await stopping.stop()).toBe(0);
    lastWords(stopping);
  });

  it('is gone in time although its broker takes connections and answers nothing', async () => {
    const proxy = new FakeRocketmqProxy();
    proxy.answersTelemetry = false;
    await proxy.start();
    await configure();
    const services = { ...serviceVariables(stack), ROCKETMQ_ENDPOINTS: proxy.endpoints };
    const waiting = startCommand(['worker', '--side', 'rocketmq', '--config', live.configPath], services);
    await expect.poll(() => waiting.stderr()).toContain('the RocketMQ consumer');
    waiting.child.kill('SIGTERM');
    const { code, stderr } = await waiting.ended;
    proxy.die();
    expect(code).toBe(0);
    expect(stderr).toContain('"msg":"stopped"');
  });

  it('hurries when it is told a second time', async () => {
    const stopping = await start(stack);
    const messageId = await live.publish({ sides: ['kafka'] });
    await expect.poll(() => called).toBeGreaterThan(0);
    stopping.signal('SIGTERM');
    await expect.poll(() => stopping.log()).toContain('nothing more is taken in');
    expect(await stopping.stop()).toBe(0);
    expect(lastWords(stopping).open).toContain('temporal workers');
    await live.client.workflow.getHandle(messageId).terminate('the test is over');
  });
});
