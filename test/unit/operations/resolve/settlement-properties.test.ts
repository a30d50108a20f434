import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { HandoverError } from '../../../../src/domain/errors.js';
import type { LedgerRecord } from '../../../../src/domain/ledger/record.js';
import type { PlannedRow } from '../../../../src/domain/reward/settlement.js';
import { readSettlement } from '../../../../src/operations/resolve/read-settlement.js';
import { planRows } from '../../../../src/operations/resolve/resolve-settlement.js';

const PARKED = ['m-1', 'm-2', 'm-3', 'm-4', 'm-5', 'm-6', 'm-7', 'm-8'];
const ANSWER_FOR: Readonly<Record<string, string>> = { PAID: 'granted', OK: 'granted', NOT_FOUND: 'resend' };
const rules = {
  grantedWhen: new Set(['PAID', 'OK']),
  absentWhen: new Set(['NOT_FOUND']),
  asOf: 2_000,
  settlesWithinMs: 500,
};
const columns = { id: 'ID', status: 'STATUS' };

const ledger = {
  read: async (messageId: string): Promise<LedgerRecord | undefined> => {
    if (!PARKED.includes(messageId)) return undefined;
    const decision = { owner: 'kafka', reason: 'switch off', policyVersion: 1 } as const;
    const seen = { kafka: true, rocketmq: false };
    return { messageId, state: 'parked', ...decision, fingerprint: '00', seen, round: 1, attempt: 1, deadline: 1_000 };
  },
};

async function* cut(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let from = 0, i = 0; from < bytes.length; i += 1) {
    const to = from + (sizes[i % sizes.length] ?? bytes.length);
    yield bytes.subarray(from, to);
    from = to;
  }
}

/** What follows from the file, or undefined if it was refused as a whole, as it may be. */
async function planOf(bytes: Uint8Array, sizes: readonly number[]): Promise<readonly PlannedRow[] | undefined> {
  try {
    return await planRows(ledger, await readSettlement(cut(bytes, sizes), columns), rules);
  } catch (error) {
    expect(error).toBeInstanceOf(HandoverError);
    expect(['settlement-invalid', 'wrong-use']).toContain((error as HandoverError).code);
    return undefined;
  }
}

/** Every answer is what one line of the file says in so many words, and no other line names its message. */
function expectToBeSaid(plan: readonly PlannedRow[], text: string): void {
  const lines = text.split(/\r\n|\n|\r/);
  const answers = plan.filter((row) => row.plan === 'answer');
  for (const { line, messageId, status, resolution } of answers) {
    const cells = lines[line - 1]?.split(',').map((cell) => cell.trim().replace(/^"(.*)"$/, '$1'));
    expect([cells?.at(0), cells?.at(-1)]).toEqual([messageId, status]);
    expect(ANSWER_FOR[status]).toBe(resolution);
  }
  expect(new Set(answers.map(({ messageId }) => messageId)).size).toBe(answers.length);
}

const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });

// Far above what they take, as a busy machine is no fault of theirs.
vi.setConfig({ testTimeout: 60_000 });

describe('whatever the file holds, it never breaks the command nor answers what no row says:', () => {
  test('any bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.boolean(), sizes, async (noise, headed, cuts) => {
        const bytes = Buffer.concat([Buffer.from(headed ? 'ID,STATUS\nm-1,PAID\n' : ''), noise]);
        const plan = await planOf(bytes, cuts);
        if (plan !== undefined) expectToBeSaid(plan, bytes.toString());
      }),
      { numRuns: 300 },
    );
  });

  test('any jumble of what a file is made of', async () => {
    const pieces = [...PARKED.slice(0, 3), 'PAID', 'NOT_FOUND', 'PENDING', ',', ',', ',', '"', '""', ' ', ';', '\t'];
    const ends = [
      '\n',
      '\n',
      '\r\n',
      '\r',
      '\uFEFF',
      '\0',
      'é',
      '\u2028',
      'm-1,PAID\n',
      '"m-2","PAID"\n',
      'm-3,NOT_FOUND\n',
      'm-1,"x,NOT_FOUND\n',
      '",PAID\n',
    ];
    const jumble = fc.array(fc.constantFrom(...pieces, ...ends), { maxLength: 40 }).map((parts) => parts.join(''));
    let answered = 0;
    await fc.assert(
      fc.asyncProperty(jumble, fc.constantFrom('ID,STATUS', 'ID,NOTE,STATUS'), sizes, async (text, header, cuts) => {
        const whole = `${header}\n${text}`;
        const plan = await planOf(Buffer.from(whole), cuts);
        if (plan === undefined) return;
        expectToBeSaid(plan, whole);
        answered += plan.filter((row) => row.plan === 'answer').length;
      }),
      { numRuns: 800 },
    );
    expect(answered).toBeGreaterThan(10);
  });
});

test('a well-formed file is answered row by row, however it is quoted, ended and cut', async () => {
  const row = fc.record({
    messageId: fc.constantFrom(...PARKED, 'unknown-1', 'unknown-2'),
    status: fc.constantFrom('PAID', 'OK', 'NOT_FOUND', 'PENDING', 'paid', ''),
    note: fc.string({ unit: fc.constantFrom('a', ',', '"', ';', ' ', 'é'), maxLength: 6 }),
    quoted: fc.boolean(),
  });
  const file = fc.record({
    rows: fc.array(row, { maxLength: 12 }),
    end: fc.constantFrom('\n', '\r\n', '\r'),
    last: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(file, sizes, async ({ rows, end, last }, cuts) => {
      const quote = (cell: string): string => `"${cell.replaceAll('"', '""')}"`;
      const lines = rows.map(({ messageId, status, note, quoted }) =>
        [messageId, quote(note), status].map((cell, i) => (quoted && i !== 1 ? quote(cell) : cell)).join(','),
      );
      const text = ['ID,NOTE,STATUS', ...lines].join(end) + (last ? end : '');
      const plan = await planOf(Buffer.from(text), cuts);
      const expected = rows.map(({ messageId, status }) => {
        const alone = rows.filter((other) => other.messageId === messageId).length === 1;
        return alone && PARKED.includes(messageId) ? (ANSWER_FOR[status] ?? null) : null;
      });
      expect(plan?.map((planned) => (planned.plan === 'answer' ? planned.resolution : null))).toEqual(expected);
      expect(plan?.map(({ messageId }) => messageId)).toEqual(rows.map(({ messageId }) => messageId));
      expect(plan?.map(({ line }) => line)).toEqual(rows.map((_, i) => i + 2));
    }),
    { numRuns: 300 },
  );
});
