import { describe, expect, it } from 'vitest';
import type { LedgerRecord } from '../../../../src/domain/ledger/record.js';
import type { StartResult } from '../../../../src/intake/starter.js';
import type { LostRecord, UnreadableRecord } from '../../../../src/ledger/ledger.js';
import { sweepOnce } from '../../../../src/workers/safety-net/sweeper.js';

const record: LedgerRecord = {
  messageId: 'm-1',
  state: 'sending',
  owner: 'kafka',
  reason: 'switch off',
  policyVersion: 1,
  fingerprint: '00',
  seen: { kafka: true, rocketmq: true },
  run: 'run-1',
  round: 1,
  attempt: 1,
  movedAt: 0,
};

async function sweep(found: readonly (LedgerRecord | LostRecord | UnreadableRecord)[], shown: StartResult) {
  const seen = {
    checked: [] as string[],
    uncounted: [] as string[],
    entered: [] as string[],
    unowned: [] as string[],
    warned: [] as unknown[],
  };
  const log = { debug: () => undefined, info: () => undefined, error: () => undefined };
  const stranded = await sweepOnce(
    {
      ledger: {
        async *unsettled() {
          yield* found;
        },
        looked: async () => undefined,
        now: async () => 1_000_000,
      },
      starter: {
        async check(messageId) {
          seen.checked.push(messageId);
          return shown;
        },
      },
      uncount: async (messageId) => void seen.uncounted.push(messageId),
      async enterAsItStands(messageId) {
        seen.entered.push(messageId);
        return 'parked';
      },
      async onUnowned(messageId) {
        seen.unowned.push(messageId);
      },
      staleMs: 1_000,
      log: { ...log, warn: (fields: unknown) => seen.warned.push(fields) } as never,
    },
    new AbortController().signal,
  );
  return { stranded, ...seen };
}

describe('the sweeper', () => {
  it('has a run that is parked entered as such, where the ledger shows it as anything else', async () => {
    const lost = { messageId: 'lost', state: 'none' } as const;
    expect((await sweep([record, lost], 'parked')).entered).toEqual(['m-1', 'lost']);
  });

  it('leaves alone what is listed, and what is open and not parked', async () => {
    expect((await sweep([{ ...record, state: 'parked' }], 'parked')).entered).toEqual([]);
    expect((await sweep([record], 'delivered')).entered).toEqual([]);
  });

  it('takes out of the waiting what has no workflow: its process died before it started one, and no claim would end that', async () => {
    const assigned = { ...record, state: 'assigned' } as const;
    expect((await sweep([assigned], 'with-broker')).uncounted).toEqual(['m-1']);
    expect((await sweep([assigned], 'delivered')).uncounted).toEqual([]);
  });

  it('tells of a record that it cannot read, and goes on with the others', async () => {
    const foreign = { messageId: 'foreign', state: 'unreadable', why: 'it is a list' } as const;
    const { checked, warned, stranded } = await sweep([foreign, record], 'stranded');
    expect(checked).toEqual(['m-1']);
    expect(warned[0]).toMatchObject({ messageId: 'foreign' });
    expect(stranded).toBe(1);
  });

  it('puts what nobody has claimed and no workflow has before those who can tell, and nothing else (P2)', async () => {
    const { run: _, ...assigned } = { ...record, state: 'assigned' } as const;
    const gone = { messageId: 'gone', state: 'none' } as const;
    expect((await sweep([assigned, gone], 'with-broker')).unowned).toEqual(['m-1', 'gone']);
    for (const shown of ['parked', 'completed', 'stranded'] as const)
      expect((await sweep([assigned], shown)).unowned).toEqual([]);
    // One whose workflow waits may wait for what was lost; one that is held does not.
    expect((await sweep([assigned], 'delivered')).unowned).toEqual(['m-1']);
    expect((await sweep([record], 'delivered')).unowned).toEqual([]);
  });
});
