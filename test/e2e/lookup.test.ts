import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { HttpProviderConfig } from '../../src/config/define-migration.js';
import { createAudit } from '../../src/ledger/redis/stores/audit.js';
import type { MessageResult } from '../../src/workflows/message/contract.js';
import { type LiveMigration, startLiveMigration } from '../support/live-migration.js';
import { type CommandRun, runCommand } from '../support/run-command.js';

const stack = inject('stack');

/** What the provider makes of a message, by the first word of its ID. */
type Course = 'hang' | 'error' | 'late';

/** A provider that keeps no promise: it never answers well, but for the second sending of `late`. It counts what it is sent. */
interface Provider {
  readonly url: string;
  readonly sends: Map<string, number>;
  readonly server: Server;
}

async function startProvider(): Promise<Provider> {
  const sends = new Map<string, number>();
  const granted = new Set<string>();
  const server = createServer((request, response) => {
    const answer = (status: number, type: string, body: string) =>
      response.writeHead(status, { 'content-type': type }).end(body);
    const path = request.url ?? '';
    if (request.method === 'GET' && path.startsWith('/grants/')) {
      const id = decodeURIComponent(path.slice('/grants/'.length));
      const isGranted = granted.has(id);
      const body = JSON.stringify(isGranted ? { state: 'DONE', id } : { code: 'GRANT_NOT_FOUND' });
      return void answer(isGranted ? 200 : 404, 'application/json', body);
    }
    // What stands before the provider answers all other paths.
    if (request.method !== 'POST') return void answer(404, 'text/html', '<html><h1>404 Not Found</h1></html>');
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    request.on('end', () => {
      const { messageId } = JSON.parse(text) as { messageId: string };
      const count = (sends.get(messageId) ?? 0) + 1;
      sends.set(messageId, count);
      const course = messageId.split('-')[0] as Course;
      if (course === 'hang') return;
      if (course === 'late' && count > 1) {
        granted.add(messageId);
        answer(200, 'application/json', '{"state":"DONE"}');
      } else answer(500, 'text/plain', 'sorry');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, sends, server };
}

const MARKS = {
  grantedWhen: { status: 200, json: { '/state': 'DONE', '/id': '{messageId}' } },
  absentWhen: { status: 404, json: { '/code': 'GRANT_NOT_FOUND' } },
};

let provider: Provider;
const opened: LiveMigration[] = [];

beforeAll(async () => {
  provider = await startProvider();
});

afterAll(async () => {
  await Promise.all(opened.map((live) => live.close()));
  provider.server.closeAllConnections();
  provider.server.close();
});

async function start(
  lookup: Partial<HttpProviderConfig>,
  more: { attemptTimeout?: number; settlesWithin?: string } = {},
) {
  const live = await startLiveMigration(stack, {
    provider: { url: `${provider.url}/rewards`, timeout: 1_000, connectTimeout: 500, ...lookup },
    ...more,
  });
  opened.push(live);
  const workers = await Promise.all([live.startWorker('kafka'), live.startWorker('rocketmq')]);
  const handover = (...args: string[]): Promise<CommandRun> =>
    runCommand(...args, '--instance', stack.instance, '--config', live.configPath);
  return { live, workers, handover };
}

const suffix = () => Math.random().toString(36).slice(2, 10);

async function parkedAll(live: LiveMigration, ids: readonly string[]): Promise<void> {
  const states = async () => (await Promise.all(ids.map((id) => live.read(id)))).map((record) => record?.state);
  await expect.poll(states, { timeout: 180_000 }).toEqual(ids.map(() => 'parked'));
}

describe('a lookup that something else than the provider answers', () => {
  test.each<[string, Partial<HttpProviderConfig>]>([
    ['by a config without marks', { lookupUrl: '/no-such-path/{messageId}' }],
    ['at a wrong path', { lookup: { url: '/no-such-path/{messageId}', ...MARKS } }],
  ])('%s has nothing sent again, of a provider that hangs or answers 500', async (_what, { lookup, lookupUrl }) => {
    const at = (path: string) => `${provider.url}${path}`;
    const settings =
      lookup === undefined ? { lookupUrl: at(lookupUrl ?? '') } : { lookup: { ...lookup, url: at(lookup.url) } };
    const { live, workers, handover } = await start(settings, { settlesWithin: '3s' });
    const ids = Array.from({ length: 20 }, (_, n) => `${n % 2 === 0 ? 'hang' : 'error'}-${suffix()}`);
    await Promise.all(ids.map((messageId) => live.publish({ messageId })));
    await parkedAll(live, ids);

    expect(ids.map((id) => provider.sends.get(id))).toEqual(ids.map(() => 1));
    const { stdout } = await handover('inspect', ids[0] ?? '', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      state: 'parked',
      round: 1,
      lookup: { result: 'unknown', status: 404, detail: expect.stringContaining('text/html') },
    });
    const text = await handover('parked');
    expect(text.stdout).toMatch(/Lookup: unknown, asked .* answered 404 \(text\/html\)/);
    for (const worker of workers) {
      const log = worker.log();
      expect(log).toMatch(/asked for a message that never was, the lookup says unknown/);
      if (lookup === undefined) expect(log).toMatch(/provider\.lookupUrl has no marks.*absentWhen/);
      expect(log).toMatch(/404 \(text\/html\)/);
    }
  });
});

describe("a lookup that bears the provider's mark", () => {
  test('has a message that the provider never had sent once more, by itself, on either side', async () => {
    const { live, workers } = await start({ lookup: { url: `${provider.url}/grants/{messageId}`, ...MARKS } });
    await live.setPolicy('setConsumption', { consumption: 'on' });
    await live.setPolicy('setPercentage', { hundredths: 5_000 });
    const ids = Array.from({ length: 20 }, () => `late-${suffix()}`);
    await Promise.all(ids.map((messageId) => live.publish({ messageId })));
    const results = await Promise.all(
      ids.map(async (id) => {
        await expect.poll(async () => (await live.read(id))?.state, { timeout: 120_000 }).toBe('settled');
        return (await live.client.workflow.getHandle(id).result()) as MessageResult;
      }),
    );
    for (const result of results) expect(result).toMatchObject({ outcome: 'granted', round: 2 });
    expect(new Set(results.map(({ owner }) => owner))).toEqual(new Set(['kafka', 'rocketmq']));
    expect(ids.map((id) => provider.sends.get(id))).toEqual(ids.map(() => 2));
    for (const worker of workers) expect(worker.log()).toMatch(/never was, the lookup says absent/);
  });

  test('has a message that it calls absent for ever sent twice, however often it is resumed, on either side', async () => {
    const { live, handover } = await start({ lookup: { url: `${provider.url}/grants/{messageId}`, ...MARKS } });
    await live.setPolicy('setConsumption', { consumption: 'on' });
    await live.setPolicy('allow', { businessId: 'new-side' });
    const ids = ['error', 'hang'].flatMap((course) => [`${course}-${suffix()}`, `${course}-${suffix()}`]);
    await Promise.all(
      ids.map((messageId, n) => live.publish({ messageId, ...(n % 2 === 0 && { businessId: 'new-side' }) })),
    );
    await parkedAll(live, ids);
    const records = await Promise.all(ids.map((id) => live.read(id)));
    expect(records.map((record) => record?.owner)).toEqual(['rocketmq', 'kafka', 'rocketmq', 'kafka']);
    expect(records.map((record) => record?.round)).toEqual([2, 2, 2, 2]);

    for (let resumed = 1; resumed <= 10; resumed += 1) {
      await Promise.all(ids.map((id) => live.client.workflow.getHandle(id).terminate('by hand')));
      // Every other time the ledger has forgotten them as well.
      if (resumed % 2 === 0)
        await Promise.all(ids.map((id) => live.redis.del(`handover:{${live.migration.name}:${id}}`)));
      for (const id of ids) {
        const { code, stderr } = await handover('resume', id, '--reason', 'try it');
        expect(code, stderr).toBe(0);
      }
      const shown = async () =>
        Promise.all(
          ids.map(
            async (id) => (await live.client.workflow.getHandle(id).describe()).searchAttributes['HandoverState']?.[0],
          ),
        );
      await expect.poll(shown, { timeout: 60_000 }).toEqual(ids.map(() => 'parked'));
      await parkedAll(live, ids);
    }
    expect(ids.map((id) => provider.sends.get(id))).toEqual([2, 2, 2, 2]);
  });
});

test('an answer that comes after the outcome is told what stands, and so are the audit and the result', async () => {
  const { live, handover } = await start({}, { attemptTimeout: 120_000 });
  const messageId = `error-${suffix()}`;
  await live.publish({ messageId });
  await parkedAll(live, [messageId]);
  const record = await live.read(messageId);
  if (record?.run === undefined) expect.fail('it has no run');
  // As an execution that was taken for dead does it, once it has heard from the provider.
  const { run, owner, reason, policyVersion, fingerprint, round, attempt } = record;
  const origin = { decision: { owner, reason, policyVersion }, fingerprint };
  const settled = await live.ledger.settle({ messageId, run, owner, origin, round, attempt, outcome: 'granted' });
  expect(settled).toEqual({ verdict: 'recorded' });

  const answered = await handover('resolve', messageId, 'abandon', '--round', '1', '--reason', 'given up', '--json');
  expect(answered.code).toBe(1);
  expect(JSON.parse(answered.stdout)).toEqual({ messageId, round: 1, resolution: 'abandon', outcome: 'granted' });
  expect(await live.client.workflow.getHandle(messageId).result()).toMatchObject({
    outcome: 'granted',
    resolvedBy: 'ledger',
  });
  expect(await createAudit(live.redis, live.migration.name).list()).toContainEqual(
    expect.objectContaining({
      kind: 'resolution',
      entry: expect.objectContaining({ messageId, resolution: 'abandon', outcome: 'granted' }),
    }),
  );
});
