import type { LedgerRecord } from '../../domain/ledger/record.js';
import { isLostNote } from '../../domain/message/lost-delivery.js';
import type { LookupEvidence } from '../../domain/reward/outcome.js';
import { SIDES } from '../../domain/side.js';
import { inOneLine, instant } from '../../domain/text.js';
import type { DeadLetterView } from '../../operations/dead-letters.js';
import { renderTable } from '../output.js';

export function describeRecord(record: LedgerRecord, workflowUrl: string | undefined): readonly string[] {
  const { messageId, state, owner, reason, policyVersion, round, attempt, outcome, seen, movedAt } = record;
  const { evidence, stranded, run = 'unknown', copies } = record;
  const sides = SIDES.filter((side) => seen[side]);
  return [
    `message   ${messageId}`,
    `state     ${state}${outcome === undefined ? '' : `: ${outcome}`}${movedAt === undefined ? '' : `, since ${instant(movedAt)}`}`,
    `owner     ${owner}, as ${reason} (policy version ${policyVersion})`,
    `seen by   ${sides.length === 0 ? 'no side' : sides.join(' and ')}`,
    ...SIDES.flatMap((side) => (copies?.[side] === undefined ? [] : [`copy      ${copies[side]}`])),
    ...(round === 0 ? [] : [`attempt   ${attempt} of round ${round}`]),
    ...(evidence === undefined ? [] : [`evidence  ${inOneLine(evidence.detail)}`]),
    ...(evidence?.lookup === undefined ? [] : [`lookup    ${describeLookup(evidence.lookup)}`]),
    ...(stranded === undefined ? [] : [`stranded  ${inOneLine(stranded)}`]),
    ...(state === 'assigned' ? [] : [`workflow  ${workflowUrl ?? `${messageId}, first run ${run}`}`]),
    ...(stranded === undefined || isLostNote(stranded)
      ? []
      : ['', `Nothing works on it. Go on with it: handover resume ${messageId} --reason "..."`]),
    ...(state === 'parked' && stranded === undefined ? ['', ...describeWaysOut(messageId, round)] : []),
  ];
}

/** What a lookup said, in one line. */
export function describeLookup({ result, detail, askedAt }: LookupEvidence): string {
  return inOneLine(`${result}${askedAt === undefined ? '' : `, asked ${instant(askedAt)}`}: ${detail}`);
}

/** What a person can do about a parked message. */
export function describeWaysOut(messageId: string, round: number): readonly string[] {
  return [
    'Find out at the provider whether the reward was given, then one of:',
    ...(['granted', 'resend', 'abandon'] as const).map(
      (resolution) => `  handover resolve ${messageId} ${resolution} --round ${round} --reason "..."`,
    ),
  ];
}

export function describeDeadLetters(list: readonly DeadLetterView[]): readonly string[] {
  if (list.length === 0) return ['Nothing was dead-lettered.'];
  const rows = list.map(({ messageId, reason, source, time, keptAs }) => [
    time,
    reason,
    source,
    messageId ?? '(none)',
    keptAs === undefined ? 'topic' : `workflow ${keptAs}`,
  ]);
  return renderTable(['TIME', 'REASON', 'SOURCE', 'MESSAGE ID', 'KEPT BY'], rows);
}
