import { createHash } from 'node:crypto';

/**
 * The judge of a run: what was published against what the provider itself has written down. It shares no code with what
 * it judges, neither with intake nor with the workflow nor with the ledger.
 */

/** One line of the provider's own ledger: a call, or an effect that came after its call was over. */
export interface ProviderEntry {
  readonly messageId: string;
  /** Which call for this message it is, from 1. */
  readonly attempt: number;
  readonly effect: 'granted' | 'none';
  /** What the provider did instead of simply granting. */
  readonly fault: string | null;
  /** SHA-256 of the request's body. */
  readonly bodyHash: string;
}

/** The final state in which handover shows a message. */
export type Told = 'granted' | 'refused' | 'parked';

export interface CheckInput {
  /** Every valid message once. */
  readonly published: readonly string[];
  /** Bodies for which no reward may be asked. */
  readonly poisonBodies: readonly string[];
  readonly provider: readonly ProviderEntry[];
  /** What handover says of each message; a message without a final state is not in it. */
  readonly told: ReadonlyMap<string, Told>;
}

export interface Findings {
  /** Told as granted, and rewarded in fact. */
  readonly granted: number;
  readonly refused: number;
  readonly parked: number;
  /** Neither granted, nor refused, nor parked. With these three they are all that was published. */
  readonly lost: readonly string[];
  /** Rewards beyond the first, of all messages together. */
  readonly duplicateEffects: number;
  readonly rewardedTwice: readonly string[];
  /** Told as refused although the provider rewarded it, or never refused it. */
  readonly wronglyRefused: readonly string[];
  /** Asked for again although the call before was not turned away: its outcome was not known. */
  readonly repeatedBlindly: readonly string[];
  /** Poison for which a reward was asked. */
  readonly poisonAsked: number;
  /** Calls to the provider, how many of them repeated an earlier one, and rewards, for what was published. */
  readonly calls: number;
  readonly retried: number;
  readonly effects: number;
  /** Of the parked messages: those that were rewarded in fact. */
  readonly parkedRewarded: number;
}

/** Faults by which the provider turns a call away before it does anything. */
const TURNED_AWAY: ReadonlySet<string | null> = new Set(['429', '503']);

/** Judges a run. */
export function check({ published, poisonBodies, provider, told }: CheckInput): Findings {
  const byMessage = groupByMessage(provider);
  const facts = published.map((messageId) => factsOf(messageId, byMessage.get(messageId) ?? [], told.get(messageId)));
  const poisonHashes = new Set(poisonBodies.map((body) => createHash('sha256').update(body).digest('hex')));
  const idsOf = (test: (fact: Facts) => boolean): string[] => facts.filter(test).map(({ messageId }) => messageId);
  const sumOf = (count: (fact: Facts) => number): number => facts.reduce((sum, fact) => sum + count(fact), 0);

  const granted = idsOf(({ told, effects }) => told === 'granted' && effects > 0).length;
  const refused = idsOf(({ told }) => told === 'refused').length;
  const parked = idsOf(({ told }) => told === 'parked').length;
  return {
    granted,
    refused,
    parked,
    lost: idsOf(({ told, effects }) => told === undefined || (told === 'granted' && effects === 0)),
    duplicateEffects: sumOf(({ effects }) => Math.max(effects - 1, 0)),
    rewardedTwice: idsOf(({ effects }) => effects > 1),
    wronglyRefused: idsOf(({ told, effects, wasRefused }) => told === 'refused' && (effects > 0 || !wasRefused)),
    repeatedBlindly: idsOf(({ repeatedBlindly }) => repeatedBlindly),
    poisonAsked: provider.filter(({ bodyHash }) => poisonHashes.has(bodyHash)).length,
    calls: sumOf(({ calls }) => calls),
    retried: sumOf(({ calls }) => Math.max(calls - 1, 0)),
    effects: sumOf(({ effects }) => effects),
    parkedRewarded: idsOf(({ told, effects }) => told === 'parked' && effects > 0).length,
  };
}

/** What the provider knows of one message, and what handover says of it. */
interface Facts {
  readonly messageId: string;
  readonly told: Told | undefined;
  readonly calls: number;
  readonly effects: number;
  readonly wasRefused: boolean;
  readonly repeatedBlindly: boolean;
}

function factsOf(messageId: string, entries: readonly ProviderEntry[], told: Told | undefined): Facts {
  // A late effect is a second line of the same call.
  const calls = new Map(entries.map(({ attempt, fault }) => [attempt, fault]));
  const followed = entries.filter(({ attempt }) => calls.has(attempt + 1));
  return {
    messageId,
    told,
    calls: calls.size,
    effects: entries.filter(({ effect }) => effect === 'granted').length,
    wasRefused: entries.some(({ fault }) => fault === 'refuse'),
    repeatedBlindly: followed.some(({ fault }) => !TURNED_AWAY.has(fault)),
  };
}

function groupByMessage(provider: readonly ProviderEntry[]): ReadonlyMap<string, readonly ProviderEntry[]> {
  const groups = new Map<string, ProviderEntry[]>();
  for (const entry of provider) {
    const group = groups.get(entry.messageId);
    if (group === undefined) groups.set(entry.messageId, [entry]);
    else group.push(entry);
  }
  return groups;
}
