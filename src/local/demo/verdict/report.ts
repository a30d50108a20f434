import type { LedgerRecord } from '../../../domain/ledger/record.js';
import { SIDES, type Side } from '../../../domain/side.js';
import type { Killed } from '../fleet.js';
import type { Plan } from '../plan.js';
import type { Findings } from './checker.js';
import { isAdopted, type PhaseShare, tolerance } from './shares.js';

/** What `demo --json` promises. */
export interface DemoReport {
  /** What was handed to the producers, repeats and poison included. */
  readonly published: number;
  /** Distinct valid message IDs; granted, refused, parked and lost are all of them. */
  readonly unique: number;
  readonly granted: number;
  readonly refused: number;
  readonly parked: number;
  /** Poison messages that were found on a dead-letter topic; one that both have counts once. */
  readonly deadLettered: number;
  /** Rewards beyond the first for a message. */
  readonly duplicateEffects: number;
  readonly lost: number;
  readonly owners: Readonly<Record<Side, number>>;
  readonly phases: readonly PhaseShare[];
  /** Attempts at the reward that repeated one that was turned away. */
  readonly retried: number;
  /** From the call of the command to this report. */
  readonly seconds: number;
  /** Whether Temporal kept its workflows in memory or in a file, which costs time. */
  readonly temporal: 'memory' | 'file';
}

/** What the report is made of, and what the table shows beyond it. */
export interface Evidence {
  readonly plan: Plan;
  readonly handed: number;
  readonly findings: Findings;
  readonly records: ReadonlyMap<string, LedgerRecord>;
  readonly deadLetters: Readonly<Record<Side, ReadonlySet<string>>>;
  readonly phases: readonly PhaseShare[];
  readonly seconds: number;
  readonly temporal: DemoReport['temporal'];
  /** The workers that were killed. */
  readonly killed: readonly Killed[];
  readonly providerLedger: string;
}

export function reportOn(evidence: Evidence): DemoReport {
  const { plan, handed, findings, records, deadLetters, phases, seconds, temporal } = evidence;
  const { granted, refused, parked, lost, duplicateEffects, retried } = findings;
  const ownedBy = (side: Side): number => [...records.values()].filter(({ owner }) => owner === side).length;
  return {
    published: handed,
    unique: plan.messages.length,
    granted,
    refused,
    parked,
    deadLettered: plan.poison.filter(({ tag }) => SIDES.some((side) => deadLetters[side].has(tag))).length,
    duplicateEffects,
    lost: lost.length,
    owners: { kafka: ownedBy('kafka'), rocketmq: ownedBy('rocketmq') },
    phases,
    retried,
    seconds,
    temporal,
  };
}

/** The report as a table for people, with where each number comes from. */
export function describeReport(report: DemoReport, evidence: Evidence): readonly string[] {
  const { findings, records, deadLetters, killed, providerLedger } = evidence;
  const { calls, effects, parkedRewarded } = findings;
  const adopted = [...records.values()].filter(isAdopted).length;
  const row = (name: string, value: number | string, remark = ''): string =>
    `  ${name.padEnd(18)}${String(value).padStart(6)}${remark === '' ? '' : `   ${remark}`}`;
  return [
    '',
    'Published',
    row('to the brokers', report.published, 'repeats and poison included'),
    row('unique, valid', report.unique),
    '',
    "Became of them      by handover's ledger in Redis and the provider's own ledger",
    row('granted', report.granted, `the provider gave ${effects} rewards in ${calls} calls`),
    row('refused', report.refused, "the provider's definite no"),
    row('parked', report.parked, `outcome unknown: a person decides (${parkedRewarded} were rewarded in fact)`),
    row('lost', report.lost),
    row('duplicate effects', report.duplicateEffects),
    row('retried', report.retried, 'attempts after a 429 or 503, by the owner'),
    '',
    "Dead letters        read from the brokers' topics",
    row('poison', report.deadLettered, `of ${evidence.plan.poison.length} poison messages`),
    ...SIDES.map((side) => row(`on ${side}`, deadLetters[side].size)),
    '',
    'Owners',
    ...SIDES.map((side) => row(side, report.owners[side])),
    row('adopted', adopted, 'of these: taken over from a side that never got them'),
    '',
    'Decided for rocketmq, by the policy at first sight',
    ...report.phases.map((phase) => {
      const { percentage, messages, share } = phase;
      return row(
        `at ${percentage} %`,
        share.toFixed(3),
        `of ${messages} (may differ by ${tolerance(phase).toFixed(3)})`,
      );
    }),
    '',
    `Killed with SIGKILL and started again: ${killed.map(({ name, inHand }) => `${name} (${inHand} in hand)`).join(', ')}.`,
    `It took ${Math.round(report.seconds)} s, with Temporal's workflows in ${inPlace(report.temporal)}.`,
    `The provider's ledger: ${providerLedger}`,
  ];
}

function inPlace(temporal: DemoReport['temporal']): string {
  return temporal === 'memory' ? 'memory (handover up --persist: in a file)' : 'a file';
}
