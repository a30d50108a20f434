import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { SEARCH_ATTRIBUTES } from '../../src/workflows/names.js';
import { startCommand } from '../support/command-process.js';
import { startLiveMigration } from '../support/live-migration.js';
import { freePorts } from '../support/network/free-port.js';
import { serviceVariables } from '../support/worker-process.js';

const stack = inject('stack');
const services = serviceVariables(stack);
const REWARD_URL = 'http://127.0.0.1:9/grant';
/** `INDEXED_VALUE_TYPE_KEYWORD` of Temporal's API. */
const KEYWORD = 2;
let folder: string;
let busy: Server;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'handover-test-'));
  busy = createServer().listen(0, '127.0.0.1');
  await once(busy, 'listening');
});
afterAll(async () => {
  busy?.close();
  await rm(folder, { recursive: true, force: true });
});

/** A configuration that is read from nowhere but the test's folder. */
async function configure(text: string): Promise<string> {
  const path = join(folder, 'handover.config.mjs');
  await writeFile(path, text);
  return path;
}

async function worker(environment: Record<string, string>, ...flags: string[]) {
  const args = ['worker', '--side', 'kafka', ...flags];
  return startCommand(args, { ...services, REWARD_URL, ...environment }).ended;
}

describe('a worker that cannot start', () => {
  it('ends with exit code 1 without a URL to ask for rewards', async () => {
    const { code, stderr } = await worker({ REWARD_URL: '' });
    expect(stderr).toContain('Set REWARD_URL');
    expect(code).toBe(1);
  });

  it('ends with exit code 1 where the port of its health server is taken', async () => {
    const { port } = busy.address() as AddressInfo;
    const { code, stderr } = await worker({}, '--http', `127.0.0.1:${port}`);
    expect(stderr).toContain(`cannot listen on 127.0.0.1:${port}`);
    expect(code).toBe(1);
  });

  it('ends with exit code 1 where the namespace is missing, and names the command that makes it', async () => {
    const { code, stderr } = await worker({ TEMPORAL_NAMESPACE: 'nope' });
    expect(stderr).toContain("has no namespace 'nope'");
    expect(stderr).toContain('temporal operator namespace create --namespace nope');
    expect(code).toBe(1);
  });

  it('ends with exit code 1 where the namespace is missing and Redis and the broker are away as well', async () => {
    const away = { REDIS_URL: 'redis://127.0.0.1:1', KAFKA_BROKERS: '127.0.0.1:1' };
    const { code } = await worker({ TEMPORAL_NAMESPACE: 'nope', ...away });
    expect(code).toBe(1);
  });

  it('ends with exit code 2 where its configuration cannot be used', async () => {
    const path = await configure('export default { limits: { shutdown: "1s" } };\n');
    const { code, stderr } = await worker({}, '--config', path);
    expect(stderr).toContain('limits.shutdown: must be a duration of 5000 to');
    expect(code).toBe(2);
  });
});

describe('a worker whose namespace has no search attributes', () => {
  it('waits for them, names the command that makes them at /readyz and in the log, and goes on by itself', async () => {
    const live = await startLiveMigration(stack);
    const namespace = live.migration.name;
    const { workflowService, operatorService } = live.client.connection as Connection;
    await workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: msToTs('1 day') });
    const http = `127.0.0.1:${(await freePorts(1))[0]}`;
    const args = ['worker', '--side', 'kafka', '--config', live.configPath, '--json', '--http', http];
    const waiting = startCommand(args, { ...services, TEMPORAL_NAMESPACE: namespace });
    try {
      await expect
        .poll(() => waiting.stderr())
        .toContain(
          `temporal operator search-attribute create --namespace ${namespace} --type Keyword --name HandoverOwner --name HandoverState --name HandoverMigration`,
        );
      const readyz = await fetch(`http://${http}/readyz`);
      expect(readyz.status).toBe(503);
      expect(await readyz.text()).toContain('temporal operator search-attribute create');
      const searchAttributes = Object.fromEntries(Object.values(SEARCH_ATTRIBUTES).map(({ name }) => [name, KEYWORD]));
      await operatorService.addSearchAttributes({ namespace, searchAttributes });
      await expect.poll(() => waiting.stdout()).toContain('"ready":true');
    } finally {
      waiting.child.kill('SIGTERM');
    }
    expect((await waiting.ended).code).toBe(0);
    await live.close();
  });
});

describe('a proxy variable that is meant for something else', () => {
  const captured = { ...services, REWARD_URL, http_proxy: 'http://127.0.0.1:9', HTTP_PROXY: 'http://127.0.0.1:9' };

  it('captures nothing that goes to this machine: a worker gets ready, and both halves are published', async () => {
    const live = await startLiveMigration(stack);
    const messages = join(folder, 'messages.jsonl');
    await writeFile(messages, '{"body":{"amount":5}}\n');
    const args = ['worker', '--side', 'rocketmq', '--config', live.configPath, '--json'];
    const working = startCommand(args, captured);
    await expect.poll(() => working.stdout()).toContain('"ready":true');
    const published = await startCommand(['publish', messages, '--config', live.configPath, '--json'], captured).ended;
    expect(JSON.parse(published.stdout)).toEqual({ published: 1, failed: [] });
    const status = await startCommand(['status', '--config', live.configPath], captured).ended;
    expect(status.stdout).not.toContain('unknown');
    working.child.kill('SIGTERM');
    expect((await working.ended).code).toBe(0);
    await live.close();
  });

  it('is named by the error of a service that it does capture', async () => {
    const elsewhere = { ...captured, TEMPORAL_ADDRESS: 'temporal.invalid:7233' };
    const { code, stderr } = await startCommand(['policy', 'show'], elsewhere).ended;
    expect(stderr).toContain('by way of the proxy that http_proxy names; name temporal.invalid in no_proxy');
    expect(code).toBe(1);
  });
});

describe('a command whose work is done', () => {
  it('ends with exit code 0, although its configuration has left something open, which is named', async () => {
    const path = await configure('setInterval(() => undefined, 1_000);\nexport default {};\n');
    const { code, stderr } = await startCommand(['dead-letters', '--config', path], services).ended;
    expect(stderr).toContain('something is left open, and the process is ended: Timeout');
    expect(code).toBe(0);
  });
});
