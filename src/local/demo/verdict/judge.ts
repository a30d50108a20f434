import type { Migration } from '../../../config/migration.js';
import type { LedgerRecord } from '../../../domain/ledger/record.js';
import type { Policy } from '../../../domain/policy/policy.js';
import type { Side } from '../../../domain/side.js';
import { readSimulatorLedger } from '../../simulator/ledger.js';
import type { Killed } from '../fleet.js';
import type { Plan } from '../plan.js';
import { finalStateOf } from '../watch/ledger-watch.js';
import { check, type Told } from './checker.js';
import { findBrokenPromises } from './promises.js';
import { type DemoReport, type Evidence, reportOn } from './report.js';
import { type PhasePolicy, sharesOf } from './shares.js';

/** What a run has left behind: in the ledger, on the brokers and with the provider. */
export interface Traces {
  readonly migration: Pick<Migration, 'name' | 'cutoverKey'>;
  readonly plan: Plan;
  readonly handed: number;
  readonly records: ReadonlyMap<string, LedgerRecord>;
  readonly deadLetters: Readonly<Record<Side, ReadonlySet<string>>>;
  readonly phases: readonly PhasePolicy[];
  readonly policyAt: (version: number) => Policy | undefined;
  /** Path of the provider's own ledger. */
  readonly providerLedger: string;
  readonly killed: readonly Killed[];
  readonly seconds: number;
  readonly temporal: DemoReport['temporal'];
}

export interface Judgement {
  readonly report: DemoReport;
  readonly evidence: Evidence;
  /** A sentence for each promise that was broken. */
  readonly broken: readonly string[];
}

/** Weighs the traces of a run against what was published. */
export function judge(traces: Traces): Judgement {
  const { migration, plan, records, policyAt, providerLedger } = traces;
  const findings = check({
    published: plan.messages.map(({ messageId }) => messageId),
    poisonBodies: plan.poison.map(({ body }) => body),
    provider: readSimulatorLedger(providerLedger),
    told: toldStates(records),
  });
  const phases = sharesOf(records.values(), traces.phases);
  const { name, cutoverKey } = migration;
  const { deadLetters } = traces;
  const evidence: Evidence = { ...traces, findings, phases };
  const outcome = { migration: name, cutoverKey, plan, findings, records, phases, policyAt, deadLetters };
  return { report: reportOn(evidence), evidence, broken: findBrokenPromises(outcome) };
}

function toldStates(records: ReadonlyMap<string, LedgerRecord>): ReadonlyMap<string, Told> {
  const told = new Map<string, Told>();
  for (const [messageId, record] of records) {
    const state = finalStateOf(record);
    if (state !== undefined) told.set(messageId, state);
  }
  return told;
}
