import { describe, expect, it } from 'vitest';
import type { LedgerRecord } from '../../../../src/domain/ledger/record.js';
import { isLostNote, PATIENCE_WITH_SILENCE } from '../../../../src/domain/message/lost-delivery.js';
import type { Side } from '../../../../src/domain/side.js';
import { createUnownedMessages } from '../../../../src/workers/safety-net/unowned-messages.js';

const CHECK_AFTER = 1_000;
const record: LedgerRecord = {
  messageId: 'm-1',
  state: 'assigned',
  owner: 'rocketmq',
  reason: 'bucket 812 < 5000',
  policyVersion: 3,
  fingerprint: '00',
  seen: { kafka: true, rocketmq: true },
  copies: { kafka: 'kafka:t/0/1', rocketmq: 'left' },
  round: 0,
  attempt: 0,
};

function create({ since = 0, now = 0, alive = true } = {}) {
  const seen = { entered: [] as Side[], left: [] as Side[], shown: [] as string[], unindexed: [] as string[] };
  const onUnowned = createUnownedMessages({
    ledger: {
      now: async () => now,
      unindex: async (id) => void seen.unindexed.push(id),
      strand: async (_id, _run, why) => seen.shown.push(why) > 0,
    },
    doubted: {
      enter: async (side) => {
        seen.entered.push(side);
        return since;
      },
      leave: async (side) => seen.left.push(side) > 0,
    },
    sideStatus: { isAlive: async () => alive },
    checkAfterMs: CHECK_AFTER,
    log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
  });
  return { onUnowned, ...seen };
}

describe('a message that nobody has claimed and that has no workflow (P2)', () => {
  it('is put before each side that was to bring it', async () => {
    const { onUnowned, entered, shown } = create();
    await onUnowned('m-1', record);
    expect(entered).toEqual(['kafka']);
    expect(shown).toEqual([]);
  });

  it('is shown where no process of that side has consumed for long, and not while one does', async () => {
    const now = PATIENCE_WITH_SILENCE * CHECK_AFTER;
    const { onUnowned, shown, left } = create({ now, alive: false });
    await onUnowned('m-1', record);
    expect(shown).toEqual([expect.stringContaining('kafka:t/0/1')]);
    expect(isLostNote(shown[0])).toBe(true);
    expect(left).toEqual(['kafka']);

    for (const setting of [
      { now, alive: true },
      { now: now - 1, alive: false },
    ]) {
      const other = create(setting);
      await other.onUnowned('m-1', record);
      expect(other.shown).toEqual([]);
    }
  });

  it('where its workflow waits, it is put before the side that this waits for, and never shown as nobody’s', async () => {
    const { onUnowned, entered, shown } = create({ now: 10 * PATIENCE_WITH_SILENCE * CHECK_AFTER, alive: false });
    const both = { ...record, copies: { kafka: 'kafka:t/0/1', rocketmq: 'rocketmq:t/b/0/1' } };
    await onUnowned('m-1', both, 'rocketmq');
    expect(entered).toEqual(['rocketmq']);
    expect(shown).toEqual([]);
  });

  it('is left alone once it is shown, or anybody holds it', async () => {
    for (const change of [{ stranded: 'lost: ...' }, { state: 'claimed', run: 'r' }] as const) {
      const { onUnowned, entered } = create();
      await onUnowned('m-1', { ...record, ...change });
      expect(entered).toEqual([]);
    }
  });

  it('an entry of the age index without a record is taken out of it', async () => {
    const { onUnowned, unindexed, entered } = create();
    await onUnowned('m-1', undefined);
    expect(unindexed).toEqual(['m-1']);
    expect(entered).toEqual([]);
  });
});
