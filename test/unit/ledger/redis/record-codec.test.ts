import { describe, expect, test } from 'vitest';
import { decodeRecord, encodeEvidence } from '../../../../src/ledger/redis/record-codec.js';

const RUN = '0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0';

/** A settled record byte by byte, as lua/fragments/settled.lua describes it. */
function packed(head: string, text: string): Buffer {
  const fingerprint = Buffer.from('0123456789abcdef', 'hex');
  return Buffer.concat([
    Buffer.from(head),
    fingerprint,
    Buffer.from(RUN.replaceAll('-', ''), 'hex'),
    Buffer.from(text),
  ]);
}

const fields = (record: Readonly<Record<string, string>>): Buffer[] =>
  Object.entries(record).flatMap(([name, value]) => [Buffer.from(name), Buffer.from(value)]);

describe('a settled record', () => {
  test('is read from its bytes', () => {
    expect(decodeRecord('m-1', [packed('2H', '12|1|2|b812<=1000')])).toEqual({
      messageId: 'm-1',
      state: 'settled',
      outcome: 'granted',
      owner: 'rocketmq',
      reason: 'bucket 812 <= 1000',
      policyVersion: 12,
      fingerprint: '0123456789abcdef',
      seen: { kafka: true, rocketmq: true },
      run: RUN,
      round: 1,
      attempt: 2,
    });
  });

  test('leaves out the round and the attempt of nearly all records', () => {
    expect(decodeRecord('m-1', [packed('2I', '12|s')])).toMatchObject({
      ...{ outcome: 'refused', owner: 'kafka', policyVersion: 12, round: 1, attempt: 1, reason: 'switch off' },
      seen: { kafka: false, rocketmq: false },
    });
  });

  test('may have any reason, also one with the separator, a line break or other scripts in it', () => {
    const reason = 'für | Müller\n会員';
    expect(decodeRecord('m-1', [packed('2Q', `1|0|0|=${reason}`)])).toMatchObject({
      outcome: 'abandoned',
      owner: 'kafka',
      reason,
      seen: { kafka: false, rocketmq: false },
    });
  });

  test.each([
    ['another layout', packed('1H', '12|1|2|w')],
    ['an unknown outcome', packed('2Y', '12|1|2|w')],
    ['an unknown letter', packed('2@', '12|1|2|w')],
    ['no numbers', packed('2H', 'w')],
    ['half of the numbers', packed('2H', '12|1|w')],
    ['too few bytes', Buffer.from('2H')],
    ['nothing', Buffer.alloc(0)],
  ])('with %s is refused', (_name, bytes) => {
    expect(() => decodeRecord('m-1', [bytes])).toThrow(expect.objectContaining({ code: 'ledger-rejected' }));
  });
});

describe('an unsettled record', () => {
  const assigned = {
    state: 'assigned',
    owner: 'kafka',
    reason: 's',
    policyVersion: '3',
    fingerprint: '0123456789abcdef',
    seen: '1',
    createdAt: '1000',
    movedAt: '2000',
  };

  test('is read from its fields, and what it lacks is absent', () => {
    expect(decodeRecord('m-1', fields(assigned))).toEqual({
      messageId: 'm-1',
      state: 'assigned',
      owner: 'kafka',
      reason: 'switch off',
      policyVersion: 3,
      fingerprint: '0123456789abcdef',
      seen: { kafka: true, rocketmq: false },
      round: 0,
      attempt: 0,
      createdAt: 1000,
      movedAt: 2000,
    });
  });

  test('has what the later steps add', () => {
    const evidence = { phase: 'sent', detail: 'reset', latencyMs: 3 } as const;
    const parked = { state: 'parked', run: RUN, round: '2', attempt: '5', deadline: '9', stranded: 'terminated' };
    expect(decodeRecord('m-1', fields({ ...assigned, ...parked, evidence: encodeEvidence(evidence) }))).toMatchObject({
      ...{ state: 'parked', run: RUN, round: 2, attempt: 5, deadline: 9, stranded: 'terminated' },
      evidence,
    });
  });

  test('has what a lookup said, bounded, and without it where it is damaged', () => {
    const lookup = { result: 'unknown', detail: 'x'.repeat(5_000), status: 404, askedAt: 7 } as const;
    const evidence = { phase: 'sent', detail: 'reset' } as const;
    const read = (json: string) =>
      decodeRecord('m-1', fields({ ...assigned, state: 'parked', run: RUN, evidence: json }));
    const kept = read(encodeEvidence({ ...evidence, lookup }))?.evidence?.lookup;
    expect(kept).toMatchObject({ result: 'unknown', status: 404, askedAt: 7 });
    expect(kept?.detail).toHaveLength(500);
    for (const damaged of [null, 7, 'absent', {}, []]) {
      expect(read(JSON.stringify({ ...evidence, lookup: damaged }))?.evidence).toEqual(evidence);
    }
  });

  test.each([
    ['an unknown state', { ...assigned, state: 'finished' }],
    ['the packed state', { ...assigned, state: 'settled' }],
    ['an unknown owner', { ...assigned, owner: 'nobody' }],
    ['evidence that is no JSON', { ...assigned, evidence: '{' }],
  ])('with %s is refused', (_name, record) => {
    expect(() => decodeRecord('m-1', fields(record))).toThrow(
      expect.objectContaining({ code: 'ledger-rejected', messageId: 'm-1' }),
    );
  });
});

test('where there is nothing, there is no record', () => {
  expect(decodeRecord('m-1', [])).toBeUndefined();
});
