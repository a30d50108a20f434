import { describe, expect, test } from 'vitest';
import { describeParked, describeStranded } from '../../../../src/cli/render/parked.js';
import type { LedgerRecord } from '../../../../src/domain/ledger/record.js';
import type { LostRecord, UnreadableRecord } from '../../../../src/ledger/ledger.js';
import { listParked, viewParked, viewStranded } from '../../../../src/operations/parked/list-parked.js';

const NOON = Date.UTC(2026, 10, 23, 12);
const options = {
  now: NOON + 90_000,
  settlesWithinMs: 600_000,
  workflowUrl: (messageId: string) => `http://ui/${messageId}`,
};

const parked: LedgerRecord = {
  messageId: 'm-1',
  state: 'parked',
  owner: 'rocketmq',
  reason: 'bucket 812 <= 1000',
  policyVersion: 4,
  fingerprint: '0123456789abcdef',
  seen: { kafka: true, rocketmq: true },
  run: '01a206f0-7039-709b-85bb-df4a55ad3ae7',
  round: 2,
  attempt: 3,
  movedAt: NOON,
  deadline: NOON + 5_000,
  evidence: { phase: 'answered', status: 502, bytes: 17, latencyMs: 83, detail: 'the answer was 502' },
};
const { evidence: _, deadline: __, movedAt: ___, ...unexplained } = parked;

async function* unsettled(): AsyncGenerator<LedgerRecord | LostRecord | UnreadableRecord> {
  yield { ...parked, state: 'claimed' };
  yield { messageId: 'lost', state: 'none' };
  yield { messageId: 'foreign', state: 'unreadable', why: 'it is a list' };
  yield { ...parked, messageId: 'later', movedAt: NOON + 1 };
  yield { ...parked, messageId: 'first', movedAt: NOON - 1 };
}

describe('parked', () => {
  test('lists every parked message and nothing else, those that have waited longest first', async () => {
    const unreadable: string[] = [];
    const list = await listParked({ unsettled }, ({ messageId }) => unreadable.push(messageId));
    expect(list.map(({ messageId }) => messageId)).toEqual(['first', 'later']);
    expect(unreadable).toEqual(['foreign']);
  });

  test("prints what the provider's lookup said", () => {
    const lookup = { result: 'absent', detail: 'h answered 404, with the mark of absentWhen.', askedAt: NOON } as const;
    const view = viewParked({ ...parked, evidence: { phase: 'sent', detail: 'no answer.', lookup } }, options);
    expect(view.lookup).toEqual(lookup);
    expect(describeParked([view], NOON).join('\n')).toMatch(
      /no answer\. Lookup: absent, asked .*: h answered 404, with the mark/,
    );
  });

  test('tells of what nobody works on beside it, each with why, so that what status counts can be found (P2)', async () => {
    const note = 'lost: kafka had it';
    async function* some(): AsyncGenerator<LedgerRecord> {
      yield { ...parked, messageId: 'lost', state: 'assigned', stranded: note };
      yield { ...parked, messageId: 'open', state: 'assigned' };
      yield { ...parked, messageId: 'parked', stranded: 'its run was terminated' };
    }
    const stranded: LedgerRecord[] = [];
    const list = await listParked({ unsettled: some }, undefined, (record) => stranded.push(record));
    expect(list.map(({ messageId }) => messageId)).toEqual(['parked']);
    const views = stranded.map(viewStranded);
    expect(views).toEqual([{ messageId: 'lost', owner: 'rocketmq', state: 'assigned', why: note }]);
    expect(describeStranded(views).join('\n')).toContain(note);
    expect(describeStranded([])).toEqual([]);
  });

  test('prints what is promised, with the evidence', () => {
    expect(viewParked(parked, options)).toEqual({
      messageId: 'm-1',
      owner: 'rocketmq',
      round: 2,
      since: '2026-11-23T12:00:00.000Z',
      ageMs: 90_000,
      attempt: 3,
      phase: 'answered',
      status: 502,
      bytes: 17,
      latencyMs: 83,
      detail: 'the answer was 502',
      resendAfter: '2026-11-23T12:10:05.000Z',
      stranded: null,
      workflow: 'http://ui/m-1',
    });
  });

  test('prints null for what is unknown', () => {
    expect(viewParked(unexplained, { ...options, workflowUrl: () => undefined })).toMatchObject({
      since: null,
      ageMs: null,
      phase: null,
      status: null,
      bytes: null,
      latencyMs: null,
      detail: null,
      resendAfter: null,
      workflow: null,
    });
  });

  test('shows a person the evidence, the workflow, when a resend is accepted, and the command that answers', () => {
    const views = [
      viewParked(parked, options),
      viewParked(
        { ...parked, messageId: 'm-2', evidence: { phase: 'not-sent', detail: 'x', resendAfter: 0 } },
        options,
      ),
      viewParked({ ...unexplained, messageId: 'm-3' }, options),
      viewParked({ ...parked, messageId: 'm-4', stranded: 'its run was terminated' }, options),
    ];
    const lines = describeParked(views, options.now);
    const rows = lines.slice(1, 5).map((line) => line.split(/ {2,}/));
    expect(rows).toEqual([
      [
        'm-1',
        'rocketmq',
        '2',
        '3',
        '1m 30s',
        'answered',
        '502',
        '17',
        '83 ms',
        'in 8m 35s',
        'the answer was 502',
        'http://ui/m-1',
      ],
      ['m-2', 'rocketmq', '2', '3', '1m 30s', 'not-sent', '-', '-', '-', 'now', 'x', 'http://ui/m-2'],
      ['m-3', 'rocketmq', '2', '3', 'unknown', 'unknown', '-', '-', '-', 'unknown', 'unknown', 'http://ui/m-3'],
      [
        'm-4',
        'rocketmq',
        '2',
        '3',
        '1m 30s',
        'answered',
        '502',
        '17',
        '83 ms',
        'in 8m 35s',
        'stranded: its run was terminated',
        'http://ui/m-4',
      ],
    ]);
    expect(lines.join('\n')).toContain('handover resolve m-1 resend --round 2');
    expect(describeParked([], options.now)).toEqual(['Nothing is parked.']);
  });
});
