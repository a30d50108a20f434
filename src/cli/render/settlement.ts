import { ROW_FINDINGS } from '../../domain/reward/settlement.js';
import { inOneLine } from '../../domain/text.js';
import type { RowResult, SettlementReport } from '../../operations/resolve/resolve-settlement.js';

/** Findings that are nothing to look into: the file names many messages with which all is well. */
const QUIET: readonly RowResult[] = ['agrees'];

/** Rows that are listed for people; `--json` has them all. */
const LISTED = 20;

export function describeSettlement({ dryRun, rows, unmentioned }: SettlementReport): readonly string[] {
  const count = (result: RowResult): number => rows.filter((row) => row.result === result).length;
  const shown = rows.filter(({ result }) => !QUIET.includes(result));
  const lines = shown.slice(0, LISTED).map(({ line, messageId, result, reason }) => {
    const what = dryRun && (result === 'granted' || result === 'resend') ? `would be answered ${result}` : result;
    return inOneLine(`line ${line}: ${messageId || '(no ID)'}: ${what}${reason === null ? '' : `: ${reason}`}`);
  });
  const more = shown.length - LISTED;
  const findings = ROW_FINDINGS.map((finding) => [finding, count(finding)] as const).filter(([, n]) => n > 0);
  return [
    ...lines,
    ...(more > 0 ? [`... and ${more} more; --json lists them all`] : []),
    `${rows.length} rows: ${count('granted')} granted, ${count('resend')} resend${dryRun ? ' (a dry run: nothing was changed)' : `, ${count('failed')} failed${count('contradicted') === 0 ? '' : `, ${count('contradicted')} contradicted`}`}`,
    ...(findings.length === 0 ? [] : [`unchanged: ${findings.map(([finding, n]) => `${n} ${finding}`).join(', ')}`]),
    `${unmentioned} parked messages are not in the file and stay parked.`,
  ];
}
