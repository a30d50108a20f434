import { check, type ProviderEntry } from '../../../src/local/demo/verdict/checker.js';
import type { Scenario, ScenarioResult } from '../scenario.js';

/** How a message has ended, as Temporal has it, and where it must be shown to a person, as it is shown. */
export type End = 'granted' | 'refused' | 'parked' | 'stranded';

/** What a run of a scenario has left behind. */
export interface Traces {
  readonly scenario: Pick<Scenario, 'name' | 'covers' | 'faults' | 'leastGranted'>;
  readonly seed: string;
  /** Every valid message once. */
  readonly published: readonly string[];
  /** Messages that a person has had sent once more, knowing what that means. */
  readonly resent: ReadonlySet<string>;
  readonly poisonBodies: readonly string[];
  /** The provider's own ledger. */
  readonly provider: readonly ProviderEntry[];
  /** A message that has not come to an end is not in it. */
  readonly ends: ReadonlyMap<string, End>;
  readonly fired: ReadonlyMap<string, number>;
  /** Of a run that is to have first attempts within workflow tasks: messages that had theirs there. */
  readonly inline?: number;
  /** What the scenario itself has found wrong. */
  readonly broken: readonly string[];
  readonly seconds: number;
  readonly recoverySeconds: number;
}

/**
 * Of the messages of a run with first attempts within workflow tasks: the share without which it was none. Not more, as what
 * comes to the side that does not own it first, or is adopted, has an ordinary one.
 */
const LEAST_INLINE = 1 / 3;

/** Weighs the traces of a run. Of what handover says of itself it looks only at whether people are shown what they must be. */
export function reachVerdict(traces: Traces): ScenarioResult {
  const { scenario, seed, published, poisonBodies, provider, ends, fired, resent, inline } = traces;
  const stranded = published.filter((id) => ends.get(id) === 'stranded');
  const told = new Map([...ends].map(([id, end]) => [id, end === 'stranded' ? 'parked' : end] as const));
  const findings = check({ published, poisonBodies, provider, told });
  const faults = Object.fromEntries(scenario.faults.map((fault) => [fault, fired.get(fault) ?? 0]));
  const blind = findings.repeatedBlindly.filter((id) => !resent.has(id));
  const broken = [
    ...traces.broken,
    ...sentence(findings.rewardedTwice, 'rewarded more than once'),
    ...sentence(findings.lost, 'lost'),
    ...sentence(findings.wronglyRefused, 'said to be refused, which the provider did not'),
    ...sentence(blind, 'asked for again although the outcome of the call before was not known'),
    ...(findings.poisonAsked > 0 ? [`a reward was asked for poison ${findings.poisonAsked} times`] : []),
    ...scenario.faults.filter((fault) => (fired.get(fault) ?? 0) === 0).map((fault) => `not seen to happen: ${fault}`),
    ...(findings.granted < scenario.leastGranted
      ? [`only ${findings.granted} were granted; it takes ${scenario.leastGranted} for the run to mean anything`]
      : []),
    ...(inline !== undefined && inline < published.length * LEAST_INLINE
      ? [`only ${inline} of ${published.length} had their first attempt within a workflow task`]
      : []),
  ];
  return {
    name: scenario.name,
    covers: scenario.covers,
    messages: published.length,
    faultsFired: [...fired.values()].reduce((sum, count) => sum + count, 0),
    duplicates: findings.rewardedTwice.length,
    lost: findings.lost.length,
    parked: findings.parked - stranded.length,
    ok: broken.length === 0,
    granted: findings.granted,
    refused: findings.refused,
    stranded: stranded.length,
    ...(inline !== undefined && { inline }),
    faults,
    seed,
    seconds: traces.seconds,
    recoverySeconds: traces.recoverySeconds,
    broken,
  };
}

/** Messages that are named; the rest is counted. */
const NAMED = 5;

function sentence(messageIds: readonly string[], what: string): readonly string[] {
  if (messageIds.length === 0) return [];
  const named = messageIds.slice(0, NAMED).join(', ');
  const more = messageIds.length > NAMED ? ` and ${messageIds.length - NAMED} more` : '';
  return [`${messageIds.length} ${what}: ${named}${more}`];
}
