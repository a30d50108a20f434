import { describe, expect, it } from 'vitest';
import type { LedgerRecord } from '../../../../../src/domain/ledger/record.js';
import { finalStateOf, LedgerWatch } from '../../../../../src/local/demo/watch/ledger-watch.js';

function record(messageId: string, rest: Partial<LedgerRecord>): LedgerRecord {
  return {
    messageId,
    state: 'claimed',
    owner: 'kafka',
    reason: 'switch off',
    policyVersion: 1,
    fingerprint: '',
    seen: { kafka: true, rocketmq: true },
    round: 1,
    attempt: 1,
    ...rest,
  };
}

function setUp(...records: LedgerRecord[]) {
  const ledger = new Map(records.map((one) => [one.messageId, one]));
  const reads: string[] = [];
  const read = async (messageId: string) => {
    reads.push(messageId);
    return ledger.get(messageId);
  };
  const watch = new LedgerWatch({ read }, new AbortController().signal);
  return { ledger, reads, watch };
}

describe('the watch over the ledger', () => {
  it('follows a message until it is settled or parked, and reads it no more then', async () => {
    const { ledger, reads, watch } = setUp(record('a', {}), record('b', { state: 'settled', outcome: 'granted' }));
    watch.follow('a');
    watch.follow('b');
    await watch.look();
    expect(watch.open).toBe(1);
    ledger.set('a', record('a', { state: 'parked' }));
    await watch.look();
    expect(watch.open).toBe(0);
    await watch.look();
    expect(reads).toEqual(['a', 'b', 'a']);
  });

  it('goes on following a message that nobody has a record of', async () => {
    const { watch } = setUp();
    watch.follow('lost');
    await watch.look();
    expect(watch.open).toBe(1);
    expect(watch.records.size).toBe(0);
  });

  it('believes the record as it is at the end, whatever was seen before', async () => {
    const { ledger, watch } = setUp(record('a', { state: 'settled', outcome: 'granted' }));
    watch.follow('a');
    await watch.look();
    ledger.delete('a');
    await watch.lookAtAll(['a']);
    expect(watch.records.has('a')).toBe(false);
  });

  it('knows which states are an end', () => {
    expect(finalStateOf(record('a', { state: 'assigned' }))).toBeUndefined();
    expect(finalStateOf(record('a', { state: 'sending' }))).toBeUndefined();
    expect(finalStateOf(record('a', { state: 'parked' }))).toBe('parked');
    expect(finalStateOf(record('a', { state: 'settled', outcome: 'refused' }))).toBe('refused');
    expect(finalStateOf(record('a', { state: 'settled', outcome: 'abandoned' }))).toBe('parked');
  });
});
