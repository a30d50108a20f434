import { describe, expect, it } from 'vitest';
import { createOutput } from '../../../../../src/cli/output.js';
import type { LedgerRecord } from '../../../../../src/domain/ledger/record.js';
import { planStream } from '../../../../../src/local/demo/plan.js';
import { LiveView, linesOf, tableOf } from '../../../../../src/local/demo/watch/live-view.js';
import { PublishedCount, tallyUp } from '../../../../../src/local/demo/watch/tally.js';

const plan = planStream({ messages: 400, seed: '1', run: 'demo-test' });

function record(messageId: string, rest: Partial<LedgerRecord>): LedgerRecord {
  return {
    messageId,
    state: 'settled',
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

function tallies() {
  const published = new PublishedCount(plan.phases.length);
  plan.phases.forEach((items, phase) => {
    for (const planned of items) published.add(phase, planned);
  });
  const ids = plan.messages.filter(({ phase }) => phase === 1).map(({ messageId }) => messageId);
  const records = [
    record(ids[0] ?? '', { outcome: 'granted', attempt: 3 }),
    record(ids[1] ?? '', { outcome: 'refused' }),
    record(ids[2] ?? '', { outcome: 'granted', owner: 'rocketmq' }),
    record(ids[3] ?? '', { state: 'parked', owner: 'rocketmq', attempt: 2 }),
    record(ids[4] ?? '', { state: 'assigned', attempt: 0 }),
  ];
  const tags = new Set(plan.poison.map(({ tag }) => tag));
  return tallyUp({
    plan,
    published: published.copies,
    records: new Map(records.map((one) => [one.messageId, one])),
    deadLetters: { kafka: tags, rocketmq: new Set() },
  });
}

describe('the live view of a run', () => {
  it('counts by phase and side what became of what the phase published', () => {
    const phase = tallies()[1];
    expect(phase?.kafka).toMatchObject({ owned: 3, granted: 1, refused: 1, retried: 2, parked: 0 });
    expect(phase?.rocketmq).toMatchObject({ owned: 2, granted: 1, refused: 0, retried: 1, parked: 1 });
    const copies = tallies().reduce((sum, { kafka, rocketmq }) => sum + kafka.published + rocketmq.published, 0);
    expect(copies).toBe(plan.phases.flat().reduce((sum, { sides }) => sum + sides.length, 0));
    const dead = tallies().map(({ kafka }) => kafka.deadLettered);
    expect(dead.reduce((sum, count) => sum + count, 0)).toBe(plan.poison.length);
  });

  it('fits its table into the width of a terminal, with its columns in line', () => {
    const rows = tableOf(tallies());
    expect(rows).toHaveLength(9);
    for (const row of rows) expect(row.length).toBeLessThanOrEqual(79);
    expect(new Set(rows.map((row) => row.length)).size).toBe(1);
  });

  it('prints, where it cannot redraw, how a phase ended when the next one begins', () => {
    const printed: string[] = [];
    const streams = { stdout: { write: () => true }, stderr: { write: (text: string) => printed.push(text) } };
    const view = new LiveView(createOutput({ streams, environment: {} }), false);
    view.show(tallies(), 0, 'first');
    view.show(tallies(), 0, 'too soon for another line');
    view.show(tallies(), 1, 'second');
    expect(printed.map((line) => line.trimEnd())).toEqual([
      'first',
      ...linesOf(tallies(), 0),
      ...linesOf(tallies(), 0),
      'second',
      ...linesOf(tallies(), 1),
    ]);
  });
});
