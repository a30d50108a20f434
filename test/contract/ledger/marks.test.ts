import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  judgeLedger,
  judgeMark,
  NOTHING_RESTORED,
  type Recovery,
  type Trust,
} from '../../../src/domain/ledger/ledger-health.js';
import { closeRedis } from '../../../src/ledger/redis/connect.js';
import { keys } from '../../../src/ledger/redis/keys.js';
import { createLedgerMarks, type LedgerMarks } from '../../../src/ledger/redis/stores/marks.js';
import { BACKENDS, type Backend, connectForTest } from '../../support/ledger/ledger-backends.js';
import { MIGRATION } from '../../support/ledger/ledger-messages.js';
import { startRedis } from '../../support/ledger/redis-server.js';

const recovery: Recovery = { why: 'a test', since: null, startedAt: 1, endedAt: 2, restored: NOTHING_RESTORED };

/** A process that watches the marks; it trusts the epoch it is made with. */
function watcher(marks: LedgerMarks, name: string, epoch?: string) {
  let trusts: readonly Trust[] = Array.from({ length: marks.count }, () => (epoch === undefined ? {} : { epoch }));
  return async () => {
    const beats = await marks.beat(name, trusts);
    const verdict = judgeLedger(beats.map(({ mark }, index) => judgeMark(trusts[index] ?? {}, mark)));
    // The script decides by itself whether a pulse is put: it must decide as the rule does.
    for (const [index, { mark, pulse }] of beats.entries()) {
      const { verdict: found } = judgeMark(trusts[index] ?? {}, mark);
      expect(pulse !== undefined).toBe(found === 'intact' || found === 'partial');
    }
    trusts = beats.map(({ pulse }, index) => ({ ...trusts[index], ...(pulse !== undefined && { pulse }) }));
    return verdict;
  };
}

describe.each(BACKENDS)("the ledger's marks, on $name", ({ start }) => {
  let backend: Backend;
  let marks: LedgerMarks;

  beforeAll(async () => {
    backend = await start();
    marks = createLedgerMarks(backend.client, MIGRATION);
  });
  beforeEach(() => backend.flush());
  afterAll(() => backend.stop());

  async function recovered(epoch: string): Promise<void> {
    await marks.open(epoch, null, 0);
    expect(await marks.close(epoch, 0, recovery)).toBe(true);
  }

  test('show a whole ledger to whoever trusts their epoch, again and again, and a restart of a process changes nothing', async () => {
    await recovered('e1');
    const beat = watcher(marks, 'p1', 'e1');
    for (let look = 0; look < 3; look += 1) expect(await beat()).toEqual({ verdict: 'intact' });
    expect(await watcher(marks, 'p2', 'e1')()).toEqual({ verdict: 'intact' });
    expect(await marks.view()).toEqual({ phase: 'intact', recovery });
  });

  test('are gone with everything, and stay so until a recovery: nobody else is deceived by a pulse', async () => {
    await recovered('e1');
    const beat = watcher(marks, 'p1', 'e1');
    await beat();
    await backend.flush();
    expect(await beat()).toMatchObject({ verdict: 'lost' });
    expect(await watcher(marks, 'p2', 'e1')()).toMatchObject({ verdict: 'lost' });
    expect(await marks.view()).toEqual({ phase: 'lost' });
    const opened = await marks.open('e2', 1_000, 7);
    expect(opened.since).toBeNull();
    expect(await beat()).toEqual({ verdict: 'recovering' });
    expect(await marks.close('e2', 7, recovery)).toBe(true);
    expect(await beat()).toMatchObject({ verdict: 'unproved', epoch: 'e2' });
    expect((await marks.beat('p3', []))[0]).toMatchObject({ remembersSince: 7 });
  });

  test('know that there was an epoch, and how far back the ledger remembers, where the cutover workflow was ended and does not', async () => {
    expect(await marks.open('e1', null, 0)).toMatchObject({ known: false });
    expect(await marks.open('e1', null, 0)).toMatchObject({ known: false });
    expect(await marks.close('e1', 7, recovery)).toBe(true);
    expect(await marks.open('e2', 1_000, 0)).toMatchObject({ known: true });
    // The process that had it has died, and another one begins it again.
    expect(await marks.open('e2', 1_000, 0)).toMatchObject({ known: true });
    expect(await marks.close('e2', 0, recovery)).toBe(true);
    expect((await marks.beat('p1', []))[0]).toMatchObject({ remembersSince: 7 });
  });

  test('that went back to an older state say to when', async () => {
    await recovered('e1');
    const beat = watcher(marks, 'p1', 'e1');
    await beat();
    const mark = keys.mark(MIGRATION, 0);
    const before = await backend.client.hgetall(mark);
    await beat();
    await backend.client.hset(mark, before);
    expect(await beat()).toMatchObject({ verdict: 'lost', since: Number(before['p:p1']) });
    // Found again as it was: the first look has covered no tracks.
    expect(await watcher(marks, 'p1', 'e1')()).toEqual({ verdict: 'intact' });
  });

  test('that were last written by another server say so to a process that has just started', async () => {
    await recovered('e1');
    await backend.client.hset(keys.mark(MIGRATION, 0), 'run', 'another');
    expect(await watcher(marks, 'p1', 'e1')()).toMatchObject({ verdict: 'lost', since: expect.any(Number) });
  });

  test('do not end a recovery during which they were lost or another server took over', async () => {
    await marks.open('e1', null, 0);
    await backend.flush();
    expect(await marks.close('e1', 0, recovery)).toBe(false);
    await marks.open('e1', null, 0);
    await backend.client.hset(keys.mark(MIGRATION, 0), 'run', 'another');
    expect(await marks.close('e1', 0, recovery)).toBe(false);
  });

  test('let processes go on with what is open, and show how far the rest is until it has ended', async () => {
    await marks.open('e1', null, 0);
    const progress = { done: 5, total: 9, reached: 1_000 };
    await marks.progress('e1', progress);
    expect(await marks.view()).toEqual({ phase: 'recovering' });
    expect(await marks.letGoOn('e1')).toBe(true);
    const beat = watcher(marks, 'p1', 'e1');
    expect(await beat()).toEqual({ verdict: 'partial' });
    expect(await beat()).toEqual({ verdict: 'partial' });
    await marks.progress('e0', { ...progress, done: 1 });
    await marks.progress('e1', progress);
    expect(await marks.view()).toEqual({ phase: 'partial', progress });
    expect(await marks.close('e1', 7, recovery)).toBe(true);
    expect(await marks.letGoOn('e1')).toBe(true);
    expect(await beat()).toEqual({ verdict: 'intact' });
    expect(await marks.view()).toEqual({ phase: 'intact', recovery });
    expect((await marks.beat('p3', []))[0]).toMatchObject({ remembersSince: 7 });
  });

  test('show a loss also while only what has closed is missing, and the next recovery goes back as far as that one', async () => {
    await recovered('e0');
    await marks.open('e1', 5_000, 0);
    await marks.letGoOn('e1');
    const beat = watcher(marks, 'p1', 'e1');
    await beat();
    await backend.client.hset(keys.mark(MIGRATION, 0), 'run', 'another');
    expect(await beat()).toMatchObject({ verdict: 'lost', since: expect.any(Number) });
    expect(await marks.close('e1', 0, recovery)).toBe(false);
    expect((await marks.open('e2', 9_000, 0)).since).toBe(5_000);
    await backend.flush();
    expect(await marks.letGoOn('e2')).toBe(false);
  });

  test('make a recovery that begins again go back as far as the first time, and a repeated end the same', async () => {
    await recovered('e1');
    expect((await marks.open('e2', 5_000, 0)).since).toBe(5_000);
    expect((await marks.open('e2', 9_000, 0)).since).toBe(5_000);
    expect((await marks.open('e3', null, 0)).since).toBeNull();
    expect((await marks.open('e3', 9_000, 0)).since).toBeNull();
    expect(await marks.close('e3', 0, recovery)).toBe(true);
    expect(await marks.close('e3', 0, recovery)).toBe(true);
  });
});

test('a restart of Redis is noticed although it has kept everything, as nobody else can know that', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'handover-marks-'));
  const options = ['--dir', folder, '--appendonly', 'yes', '--appendfsync', 'always'];
  let server = await startRedis(options);
  const client = connectForTest(server.url, () => undefined);
  const marks = createLedgerMarks(client, MIGRATION);
  try {
    await marks.open('e1', null, 0);
    await marks.close('e1', 0, recovery);
    const beat = watcher(marks, 'p1', 'e1');
    expect(await beat()).toEqual({ verdict: 'intact' });
    await server.stop();
    server = await startRedis(options, server.port);
    expect(await beat()).toMatchObject({ verdict: 'lost', why: 'another Redis server answers' });
  } finally {
    await closeRedis(client);
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
});
