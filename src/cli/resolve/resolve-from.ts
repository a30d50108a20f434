import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { HandoverError } from '../../domain/errors.js';
import type { Output } from '../../domain/output.js';
import { listParked } from '../../operations/parked/list-parked.js';
import { readSettlement } from '../../operations/resolve/read-settlement.js';
import { planRows, reportSettlement } from '../../operations/resolve/resolve-settlement.js';
import type { Operator, Session } from '../../operations/session.js';
import { describeUnreadable } from '../render/parked.js';
import { describeSettlement } from '../render/settlement.js';
import { answerMany } from './resolve-all.js';
import type { ResolveUse } from './resolve-use.js';

type FromAnswer = Extract<ResolveUse, { kind: 'from' }> & { readonly person: Operator };

/** Answers parked messages by the provider's settlement file, or shows what it would answer. Answers how many failed. */
export async function resolveFrom(session: Session, output: Output, answer: FromAnswer): Promise<number> {
  const { file, columns, grantedWhen, absentWhen, asOf, dryRun, person } = answer;
  const rows = await readSettlement(file === '-' ? process.stdin : createReadStream(file), columns);
  const { ledger } = await session.redis();
  if (asOf !== undefined && asOf > (await ledger.now())) {
    throw new HandoverError('wrong-use', '--as-of lies in the future: it is when the provider made the file.');
  }
  const parked = await listParked(ledger, (record) => output.say(describeUnreadable(record)));
  const { settlesWithinMs } = session.migration;
  const rules = { grantedWhen, absentWhen, settlesWithinMs, ...(asOf !== undefined && { asOf }) };
  const plan = await planRows(ledger, rows, rules);
  const source = file === '-' ? 'standard input' : basename(file);
  const answers = plan.flatMap((row) => {
    if (row.plan === 'nothing') return [];
    const { messageId, round, resolution, line } = row;
    const reason = `${person.reason} (line ${line} of ${source})`;
    return [
      { messageId, round, resolution, person: { ...person, reason }, ...(asOf !== undefined && { givenAt: asOf }) },
    ];
  });
  const results = dryRun ? [] : await answerMany(session, output, answers);
  const outcomes = new Map(results.map((result) => [result.messageId, result] as const));
  const report = reportSettlement(plan, outcomes, { dryRun, parked });
  output.result(report, describeSettlement);
  return report.failed.length + report.rows.filter(({ result }) => result === 'contradicted').length;
}
