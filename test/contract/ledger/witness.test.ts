import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Ledger } from '../../../src/ledger/ledger.js';
import { closeRedis } from '../../../src/ledger/redis/connect.js';
import { createRedisLedger } from '../../../src/ledger/redis/redis-ledger.js';
import { createLedgerMarks } from '../../../src/ledger/redis/stores/marks.js';
import { connectForTest, startSingle } from '../../support/ledger/ledger-backends.js';
import { beginRequest, holderOf, LIFETIME_MS, MIGRATION, routeRequest } from '../../support/ledger/ledger-messages.js';
import { startRedis } from '../../support/ledger/redis-server.js';

async function claimed(ledger: Ledger) {
  const request = routeRequest();
  const holder = holderOf(request);
  await ledger.route([request]);
  await ledger.claim({ ...holder, side: 'kafka' });
  return holder;
}

test('an attempt begins by its witness as it would without, and not once something may have been lost', async () => {
  const { client, flush, stop } = await startSingle();
  const ledger = createRedisLedger(client, { migration: MIGRATION, settledLifetimeMs: LIFETIME_MS });
  const marks = createLedgerMarks(client, MIGRATION);
  const recover = async (epoch: string) => {
    await marks.open(epoch, null, 0);
    await marks.close(epoch, 0);
    const [beat] = await marks.beat('p1', [{ epoch }]);
    return { epoch, server: beat?.server ?? '' };
  };
  try {
    const witness = await recover('e1');
    expect(witness.server).toMatch(/^\w{40}$/);
    const holder = await claimed(ledger);
    const first = { ...beginRequest(holder), witness };
    const go = await ledger.beginWitnessed(first);
    expect(go).toMatchObject({ verdict: 'go' });
    expect(await ledger.beginWitnessed(first)).toMatchObject({ ...go, now: expect.any(Number) });
    expect(await ledger.beginWitnessed({ ...beginRequest(holder), witness })).toMatchObject({ verdict: 'late' });
    expect(await ledger.read(holder.messageId)).toMatchObject({ state: 'sending', round: 1, attempt: 1 });

    await flush();
    const other = await claimed(ledger);
    const asked = { ...beginRequest(other), witness };
    expect(await ledger.beginWitnessed(asked)).toEqual({ verdict: 'forgotten' });
    await recover('e2');
    expect(await ledger.beginWitnessed(asked)).toEqual({ verdict: 'forgotten' });
    expect((await ledger.read(other.messageId))?.state).toBe('claimed');
    expect(await ledger.begin(asked)).toMatchObject({ verdict: 'go' });
  } finally {
    await stop();
  }
});

test('an attempt begins behind one that ended without a word where that has not begun, or was cleared, and uses that one up', async () => {
  const { client, stop } = await startSingle();
  const ledger = createRedisLedger(client, { migration: MIGRATION, settledLifetimeMs: LIFETIME_MS });
  const marks = createLedgerMarks(client, MIGRATION);
  try {
    await marks.open('e1', null, 0);
    await marks.close('e1', 0);
    const [beat] = await marks.beat('p1', [{ epoch: 'e1' }]);
    const witness = { epoch: 'e1', server: beat?.server ?? '' };
    const second = { attempt: 2, cleared: 0 };

    const unbegun = await claimed(ledger);
    expect(await ledger.beginWitnessed({ ...beginRequest(unbegun, second), witness })).toMatchObject({ verdict: 'go' });
    expect(await ledger.begin(beginRequest(unbegun))).toMatchObject({ verdict: 'late' });

    const begun = await claimed(ledger);
    await ledger.begin(beginRequest(begun));
    expect(await ledger.beginWitnessed({ ...beginRequest(begun, second), witness })).toMatchObject({
      verdict: 'uncovered',
    });

    const cleared = await claimed(ledger);
    const first = beginRequest(cleared);
    await ledger.begin(first);
    await ledger.clear({ ...cleared, round: 1, attempt: 1, nonce: first.nonce });
    expect(await ledger.beginWitnessed({ ...beginRequest(cleared, second), witness })).toMatchObject({ verdict: 'go' });

    const assigned = holderOf(routeRequest());
    expect(await ledger.beginWitnessed({ ...beginRequest(assigned, second), witness })).toMatchObject({
      verdict: 'lost',
    });
  } finally {
    await stop();
  }
});

test('nor after a restart of Redis, although it has kept everything', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'handover-witness-'));
  const options = ['--dir', folder, '--appendonly', 'yes', '--appendfsync', 'always'];
  let server = await startRedis(options);
  const client = connectForTest(server.url, () => undefined);
  const ledger = createRedisLedger(client, { migration: MIGRATION, settledLifetimeMs: LIFETIME_MS });
  const marks = createLedgerMarks(client, MIGRATION);
  try {
    await marks.open('e1', null, 0);
    await marks.close('e1', 0);
    const [beat] = await marks.beat('p1', [{ epoch: 'e1' }]);
    const holder = await claimed(ledger);
    await server.stop();
    server = await startRedis(options, server.port);
    const witness = { epoch: 'e1', server: beat?.server ?? '' };
    expect(await ledger.beginWitnessed({ ...beginRequest(holder), witness })).toEqual({ verdict: 'forgotten' });
    expect((await ledger.read(holder.messageId))?.state).toBe('claimed');
  } finally {
    await closeRedis(client);
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
});
