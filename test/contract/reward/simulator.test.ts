import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { readProvider } from '../../../src/config/read-provider.js';
import type { Fault } from '../../../src/local/simulator/faults.js';
import { readSimulatorLedger, summarize } from '../../../src/local/simulator/ledger.js';
import {
  SIMULATOR_LOOKUP,
  type Simulator,
  type SimulatorOptions,
  startSimulator,
} from '../../../src/local/simulator/server.js';
import { openProvider } from '../../../src/reward/http/provider.js';
import { attempt, messageFor, providerFor, releaseAll, releaseLater } from '../../support/provider-harness.js';

afterEach(releaseAll);

function newLedgerFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'handover-simulator-'));
  releaseLater(async () => rmSync(folder, { recursive: true }));
  return join(folder, 'deeper', 'ledger.jsonl');
}

async function start(options: Partial<SimulatorOptions> = {}): Promise<Simulator & { ledgerFile: string }> {
  const ledgerFile = options.ledgerFile ?? newLedgerFile();
  const simulator = await startSimulator({ ledgerFile, slowMs: 10, ...options });
  releaseLater(() => simulator.close());
  return { ...simulator, ledgerFile };
}

/** Read from the file by other means than the simulator's own. */
function effectsIn(file: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const line of readFileSync(file, 'utf8').trimEnd().split('\n')) {
    const { messageId, effect } = JSON.parse(line);
    counts[messageId] = (counts[messageId] ?? 0) + (effect === 'granted' ? 1 : 0);
  }
  return counts;
}

async function getJson(url: string): Promise<unknown> {
  return (await fetch(url)).json();
}

describe("the simulator's ledger is the truth about rewards", () => {
  it.each<[Fault | 'none', string, number]>([
    ['none', 'granted', 1],
    ['refuse', 'refused', 0],
    ['429', 'not-executed', 0],
    ['503', 'not-executed', 0],
    ['500', 'unknown', 0],
    ['reset', 'unknown', 0],
    ['grant-then-hang', 'unknown', 1],
    ['grant-then-reset', 'unknown', 1],
    ['grant-then-502', 'unknown', 1],
    ['grant-then-truncate', 'unknown', 1],
    ['slow', 'granted', 1],
  ])('%s: the caller sees %s, the ledger %i effects', async (fault, outcome, effects) => {
    const simulator = await start(fault === 'none' ? {} : { faults: { [fault]: 1 } });
    const result = await attempt(providerFor(simulator.url, { timeoutMs: 300 }));
    expect(result.outcome).toBe(outcome);
    expect(effectsIn(simulator.ledgerFile)).toEqual({ 'm-1': effects });
  });

  it('hang-then-grant: the effect comes after the caller has given up', async () => {
    const simulator = await start({ faults: { 'hang-then-grant': 1 }, settlesWithinMs: 200 });
    const result = await attempt(providerFor(simulator.url, { timeoutMs: 100 }));
    expect(result.outcome).toBe('unknown');
    expect(effectsIn(simulator.ledgerFile)).toEqual({ 'm-1': 0 });
    await expect.poll(() => effectsIn(simulator.ledgerFile)).toEqual({ 'm-1': 1 });
    expect(summarize(readSimulatorLedger(simulator.ledgerFile))).toMatchObject({
      calls: 1,
      effects: 1,
      duplicates: [],
    });
  });

  it('has no idempotency: each call that it grants is one more effect, and is told as a duplicate', async () => {
    const simulator = await start();
    const provider = providerFor(simulator.url);
    for (const messageId of ['a', 'b', 'a']) await attempt(provider, { messageId });
    expect(effectsIn(simulator.ledgerFile)).toEqual({ a: 2, b: 1 });
    const summary = { calls: 3, effects: 3, rewarded: 2, duplicates: ['a'], faults: {} };
    expect(await getJson(`${simulator.url}/ledger`)).toMatchObject({ summary, effects: [{}, {}, {}] });
    expect(summarize(readSimulatorLedger(simulator.ledgerFile))).toEqual(summary);
  });

  it('goes by the hash of the body where there is no ID in it', async () => {
    const simulator = await start({ idField: 'orderId' });
    const provider = providerFor(simulator.url);
    const { signal } = new AbortController();
    for (const body of ['{"orderId":"o-1"}', 'not JSON', '{"messageId":"m-1"}', '[]', 'not JSON']) {
      const message = { messageId: 'unseen', body: Buffer.from(body) };
      await provider.grant(message, { attempt: 1, signal, maySend: () => true });
    }
    const { 'o-1': byId, ...byHash } = effectsIn(simulator.ledgerFile);
    expect(byId).toBe(1);
    expect(Object.keys(byHash).every((id) => /^sha256:[0-9a-f]{64}$/.test(id))).toBe(true);
    expect(Object.values(byHash).sort()).toEqual([1, 1, 2]);
  });

  it('goes on where it ended, even behind half a line', async () => {
    const ledgerFile = newLedgerFile();
    const first = await startSimulator({ ledgerFile });
    await attempt(providerFor(first.url), { messageId: 'a' });
    await first.close();
    appendFileSync(ledgerFile, '{"time":"2026-');
    const second = await start({ ledgerFile });
    await attempt(providerFor(second.url), { messageId: 'a' });
    expect(readSimulatorLedger(ledgerFile)).toMatchObject([
      { messageId: 'a', attempt: 1 },
      { messageId: 'a', attempt: 2 },
    ]);
    expect((await fetch(`${second.url}/lookup/a`)).status).toBe(200);
  });
});

describe("the simulator's other doors", () => {
  it('answer a lookup as the HTTP provider asks it', async () => {
    const simulator = await start();
    const ask = async (path: string, messageId: string) => {
      const config = { lookup: { url: `${simulator.url}${path}`, ...SIMULATOR_LOOKUP } };
      const reading = readProvider(config, simulator.url);
      if ('faults' in reading || reading.provider === undefined) expect.fail('its marks are not taken');
      const provider = openProvider(reading.provider);
      releaseLater(async () => provider.close?.());
      return provider.lookup?.(messageFor(messageId), { signal: new AbortController().signal });
    };
    expect(await ask('/lookup/{messageId}', 'a/b')).toMatchObject({ result: 'absent' });
    await attempt(providerFor(simulator.url), { messageId: 'a/b' });
    expect(await ask('/lookup/{messageId}', 'a/b')).toMatchObject({ result: 'granted' });
    // A wrong path is answered 404 too.
    expect(await ask('/lookups/{messageId}', 'a/b')).toMatchObject({ result: 'unknown', status: 404 });
  });

  it('change the faults while it runs, and refuse what is none', async () => {
    const simulator = await start({ faults: { refuse: 1 } });
    const put = (faults: unknown) => fetch(`${simulator.url}/faults`, { method: 'PUT', body: JSON.stringify(faults) });
    const provider = providerFor(simulator.url);
    expect((await attempt(provider)).outcome).toBe('refused');
    expect((await put({ nope: 1 })).status).toBe(400);
    expect(await getJson(`${simulator.url}/faults`)).toEqual({ refuse: 1 });
    expect((await put({ '503': 1 })).status).toBe(200);
    expect(await attempt(provider)).toMatchObject({ outcome: 'not-executed', retryAfterMs: 1_000 });
    expect((await put({})).status).toBe(200);
    expect((await attempt(provider)).outcome).toBe('granted');
  });

  it('hit the same attempts in a second run with the same seed', async () => {
    const faults = { refuse: 0.2, '429': 0.3, '500': 0.2 };
    const runs = [];
    for (const seed of ['x', 'x', 'y']) {
      const simulator = await start({ faults, seed });
      const provider = providerFor(simulator.url);
      for (let i = 0; i < 30; i++) await attempt(provider, { messageId: `m-${i % 15}` });
      runs.push(readSimulatorLedger(simulator.ledgerFile).map(({ messageId, fault }) => [messageId, fault]));
    }
    expect(runs[0]).toEqual(runs[1]);
    expect(runs[0]).not.toEqual(runs[2]);
  });

  it('tell of its health, and close while callers hang', async () => {
    const simulator = await start({ faults: { 'hang-then-grant': 1 }, settlesWithinMs: 0 });
    expect((await fetch(`${simulator.url}/health`)).status).toBe(200);
    const hanging = attempt(providerFor(simulator.url));
    await expect
      .poll(() => existsSync(simulator.ledgerFile) && readSimulatorLedger(simulator.ledgerFile).length)
      .toBe(1);
    await simulator.close();
    expect((await hanging).outcome).toBe('unknown');
    expect(effectsIn(simulator.ledgerFile)).toEqual({ 'm-1': 0 });
  });
});
