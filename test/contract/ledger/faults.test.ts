import { randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { HandoverError } from '../../../src/domain/errors.js';
import type { Ledger } from '../../../src/ledger/ledger.js';
import { closeRedis, connectRedis, type RedisClient, readRedisUrl } from '../../../src/ledger/redis/connect.js';
import { checkRedis } from '../../../src/ledger/redis/health.js';
import { keys } from '../../../src/ledger/redis/keys.js';
import { createRedisLedger } from '../../../src/ledger/redis/redis-ledger.js';
import {
  beginRequest,
  EVIDENCE,
  holderOf,
  LIFETIME_MS,
  MIGRATION,
  routeRequest,
} from '../../support/ledger/ledger-messages.js';
import { startRedisCluster } from '../../support/ledger/redis-cluster.js';
import { type RedisServer, startRedis } from '../../support/ledger/redis-server.js';
import { freePorts } from '../../support/network/free-port.js';
import { startTcpProxy, type TcpProxy } from '../../support/network/tcp-proxy.js';

/** The promise: a dead Redis is noticed in less time than this. */
const NOTICED_WITHIN_MS = 2_000;

let server: RedisServer;
let proxy: TcpProxy;
let client: RedisClient;
let ledger: Ledger;
let faults: HandoverError[];

beforeEach(async () => {
  server = await startRedis();
  proxy = await startTcpProxy(server.port);
  faults = [];
  client = connect(`redis://127.0.0.1:${proxy.port}`);
  ledger = ledgerOf(client);
});

afterEach(async () => {
  await closeRedis(client);
  await proxy.stop();
  await server.stop();
});

const connect = (url: string): RedisClient =>
  connectRedis(readRedisUrl(url), { name: 'handover-test', onError: (error) => faults.push(error) });

const ledgerOf = (redis: RedisClient): Ledger =>
  createRedisLedger(redis, { migration: MIGRATION, settledLifetimeMs: LIFETIME_MS });

/** What a call fails with, and after how long. */
async function failure(call: () => Promise<unknown>): Promise<{ error: HandoverError; afterMs: number }> {
  const begun = performance.now();
  try {
    await call();
  } catch (error) {
    if (error instanceof HandoverError) return { error, afterMs: performance.now() - begun };
    throw error;
  }
  throw new Error('the call did not fail');
}

describe('a lost answer', () => {
  const request = routeRequest();
  const holder = holderOf(request);
  const begin = beginRequest(holder, { round: 1, attempt: 1 });
  const steps: readonly (readonly [string, () => Promise<unknown>, object])[] = [
    ['route', async () => (await ledger.route([request]))[0], { verdict: 'process' }],
    ['claim', () => ledger.claim({ ...holder, side: 'kafka' }), { verdict: 'claimed' }],
    ['begin', () => ledger.begin(begin), { verdict: 'go' }],
    ['clear', () => ledger.clear(begin), { verdict: 'recorded' }],
    ['park', () => ledger.park({ ...begin, evidence: EVIDENCE }), { verdict: 'recorded' }],
    ['reopen', () => ledger.reopen({ ...begin, notBefore: 0 }), { verdict: 'reopened', round: 2 }],
    ['settle', () => ledger.settle({ ...begin, outcome: 'granted' }), { verdict: 'recorded' }],
  ];

  test('makes the client send the script again, which runs twice and gives the verdict that was lost, at each step', async () => {
    await ledger.now();
    for (const [step, take, verdict] of steps) {
      const before = await scriptsRun();
      const lost = proxy.loseNextAnswer();
      const answer = await take();
      await lost;
      expect(answer, step).toMatchObject(verdict);
      expect(await scriptsRun(), step).toBe(before + 2);
    }
  });

  test('of begin leaves the deadline of the first run', async () => {
    await ledger.route([request]);
    await ledger.claim({ ...holder, side: 'kafka' });
    const lost = proxy.loseNextAnswer();
    const verdict = await ledger.begin(begin);
    await lost;
    expect(verdict).toMatchObject({ verdict: 'go', deadline: (await ledger.read(request.messageId))?.deadline });
  });
});

describe('a cache of scripts that was emptied', () => {
  test('is noticed by nobody', async () => {
    const requests = Array.from({ length: 50 }, () => routeRequest());
    await ledger.route(requests);
    await client.script('FLUSH');
    const verdicts = await ledger.route(requests);
    expect(verdicts.map(({ verdict }) => verdict)).toEqual(requests.map(() => 'process'));
    expect(await ledger.claim({ ...holderOf(requests[0] ?? routeRequest()), side: 'kafka' })).toMatchObject({
      verdict: 'claimed',
    });
  });
});

describe('a dead Redis', () => {
  const calls: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['a script', () => ledger.route([routeRequest()])],
    ['a command', () => ledger.now()],
    ['a count', () => ledger.count()],
  ];

  async function expectNoticed(): Promise<void> {
    for (const [name, call] of [...calls, ...calls]) {
      const { error, afterMs } = await failure(call);
      expect(error.code, name).toBe('ledger-unavailable');
      expect(afterMs, name).toBeLessThan(NOTICED_WITHIN_MS);
    }
  }

  test('that refuses connections is noticed within 2 s, and works again once it is back', async () => {
    await ledger.now();
    await server.kill();
    await expectNoticed();
    const revived = await startRedis([], server.port);
    try {
      await vi.waitFor(() => ledger.now(), { timeout: 10_000 });
      expect(await ledger.route([routeRequest()])).toMatchObject([{ verdict: 'process' }]);
    } finally {
      await revived.stop();
    }
    expect(faults.every(({ code }) => code === 'ledger-unavailable')).toBe(true);
  });

  test('that hangs is noticed within 2 s, and works again once it goes on', async () => {
    await ledger.now();
    server.signal('SIGSTOP');
    await expectNoticed();
    server.signal('SIGCONT');
    await vi.waitFor(() => ledger.now(), { timeout: 10_000 });
  });

  test('that nothing comes from any more, with the connection up, is noticed within 2 s', async () => {
    await ledger.now();
    proxy.hang();
    await expectNoticed();
  });

  test('that was never there is noticed within 2 s', async () => {
    const [port] = await freePorts(1);
    const absent = connect(`redis://127.0.0.1:${port}`);
    const { error, afterMs } = await failure(() => ledgerOf(absent).now());
    expect(error.code).toBe('ledger-unavailable');
    expect(afterMs).toBeLessThan(NOTICED_WITHIN_MS);
    await closeRedis(absent);
  });

  test('of a cluster is noticed within 2 s, whether one node hangs or all are dead, and comes back', async () => {
    const cluster = await startRedisCluster();
    const redis = connect(cluster.url);
    const clustered = ledgerOf(redis);
    const requests = Array.from({ length: 12 }, () => routeRequest());
    const routeAll = () => Promise.allSettled(requests.map((request) => clustered.route([request])));
    try {
      await clustered.route(requests);
      cluster.nodes[0]?.signal('SIGSTOP');
      for (let look = 0; look < 2; look += 1) {
        const begun = performance.now();
        const answers = await routeAll();
        expect(performance.now() - begun).toBeLessThan(NOTICED_WITHIN_MS);
        const failed = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []));
        expect(failed.length).toBeGreaterThan(0);
        expect(failed.length).toBeLessThan(requests.length);
        expect(failed.every(({ code }) => code === 'ledger-unavailable')).toBe(true);
      }
      cluster.nodes[0]?.signal('SIGCONT');
      await vi.waitFor(() => clustered.route(requests), { timeout: 20_000 });
      await Promise.all(cluster.nodes.map((node) => node.kill()));
      for (let look = 0; look < 3; look += 1) {
        const { error, afterMs } = await failure(() => clustered.route(requests));
        expect(error.code).toBe('ledger-unavailable');
        expect(afterMs).toBeLessThan(NOTICED_WITHIN_MS);
      }
    } finally {
      await closeRedis(redis);
      await cluster.stop();
    }
  });
});

describe('a Redis that refuses', () => {
  test('as it is a replica: rejected, and the hint says what to do', async () => {
    const [port] = await freePorts(1);
    await client.call('REPLICAOF', '127.0.0.1', port ?? 0);
    const { error } = await failure(() => ledger.route([routeRequest()]));
    expect(error.code).toBe('ledger-rejected');
    expect(error.message).toMatch(/READONLY/);
    expect(error.hint).toMatch(/primary/);
  });

  test('as it has no memory: rejected, and reading still works', async () => {
    const known = routeRequest();
    await ledger.route([known]);
    await client.config('SET', 'maxmemory', '1');
    const { error } = await failure(() => ledger.route([routeRequest()]));
    expect(error).toMatchObject({ code: 'ledger-rejected' });
    expect(error.message).toMatch(/OOM/);
    expect(await ledger.read(known.messageId)).toMatchObject({ state: 'assigned' });
  });

  test('as it is one node of a cluster and the URL does not say so', async () => {
    const cluster = await startRedisCluster();
    const single = connect(cluster.nodes[0]?.url ?? '');
    try {
      const requests = Array.from({ length: 20 }, () => routeRequest());
      const { error } = await failure(() => ledgerOf(single).route(requests));
      expect(error).toMatchObject({ code: 'ledger-rejected' });
      expect(error.hint).toMatch(/cluster=true/);
    } finally {
      await closeRedis(single);
      await cluster.stop();
    }
  });

  test('as the password is wrong: rejected, and no error shows the right or the wrong one, however deep', async () => {
    await client.config('SET', 'requirepass', 'correct-secret');
    const stranger = connect(`redis://default:wrong-secret@127.0.0.1:${proxy.port}`);
    const { error } = await failure(() => ledgerOf(stranger).now());
    expect(['ledger-rejected', 'ledger-unavailable']).toContain(error.code);
    await vi.waitFor(() => expect(faults.some(({ message }) => /WRONGPASS|NOAUTH/.test(message))).toBe(true));
    const everything = [error, ...faults].map((fault) => inspect(fault, { depth: 20, showHidden: true })).join();
    expect(everything).not.toContain('secret');
    await closeRedis(stranger);
    await client.config('SET', 'requirepass', '');
  });
});

describe("contents that are not the ledger's", () => {
  const strange: readonly (readonly [string, (key: string) => Promise<unknown>])[] = [
    ['a list', (key) => client.rpush(key, 'x')],
    ['a text', (key) => client.set(key, 'x'.repeat(40))],
    ['an empty text', (key) => client.set(key, '')],
    ['a later layout', (key) => client.set(key, `2gk1${'x'.repeat(24)}1|1|1|w`)],
    ['a hash without a state', (key) => client.hset(key, 'owner', 'kafka')],
    ['a hash with another state', (key) => client.hset(key, 'state', 'finished', 'owner', 'kafka')],
  ];

  test.each(strange)('%s is refused by every step and left as it is', async (_name, write) => {
    const request = routeRequest();
    const key = keys.record(MIGRATION, request.messageId);
    await write(key);
    const before = await client.dumpBuffer(key);
    const holder = { ...holderOf(request), restore: true };
    const begin = beginRequest(holder);
    for (const call of [
      () => ledger.claim({ ...holder, side: 'kafka' }),
      () => ledger.adopt({ ...holder, side: 'rocketmq', reason: 'failover' }),
      () => ledger.begin(begin),
      () => ledger.clear(begin),
      () => ledger.park({ ...begin, evidence: EVIDENCE }),
      () => ledger.reopen({ ...begin, notBefore: 0 }),
      () => ledger.settle({ ...begin, outcome: 'granted' }),
      () => ledger.resume({ ...holder, fromRun: randomUUID() }),
      () => ledger.strand(request.messageId, holder.run, 'terminated'),
      () => ledger.read(request.messageId),
    ]) {
      expect((await failure(call)).error.code).toBe('ledger-rejected');
    }
    expect(await ledger.route([request])).toEqual([{ verdict: 'unreadable', why: expect.any(String) }]);
    expect(await client.dumpBuffer(key)).toEqual(before);
  });
});

describe('the readiness check', () => {
  test('says nothing of a Redis that forgets nothing', async () => {
    expect(await checkRedis(client)).toEqual({ warnings: [] });
  });

  test('warns of one that would evict records', async () => {
    await client.config('SET', 'maxmemory', '100mb', 'maxmemory-policy', 'allkeys-lru');
    const { warnings } = await checkRedis(client);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/allkeys-lru/);
  });

  test('fails where Redis is away', async () => {
    await server.kill();
    expect((await failure(() => checkRedis(client))).error.code).toBe('ledger-unavailable');
  });
});

/** How many scripts the server has run so far, asked past the proxy. */
async function scriptsRun(): Promise<number> {
  const direct = connect(server.url);
  try {
    const stats = String(await direct.call('INFO', 'commandstats'));
    return [...stats.matchAll(/^cmdstat_eval(?:sha)?:calls=(\d+)/gm)].reduce(
      (sum, [, calls]) => sum + Number(calls),
      0,
    );
  } finally {
    await closeRedis(direct);
  }
}
