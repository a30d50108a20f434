import { condition, continueAsNew, setHandler, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { TakeOverResult } from '../../activities/resolution.js';
import type { LedgerWitness } from '../../domain/ledger/ledger-health.js';
import { BEFORE_START } from '../../domain/policy/start.js';
import type { SettledOutcome } from '../../domain/reward/outcome.js';
import type { DeliveredArgs, MessageInput, Resumes } from '../../domain/run.js';
import type { Side } from '../../domain/side.js';
import { type MessageState, SEARCH_ATTRIBUTES } from '../names.js';
import { deliveredSignal } from './contract.js';
import { isReset, type Reset } from './reset.js';
import { identityOf, ledgerSteps } from './run.js';

/** How the question of ownership ends for a run. */
export type Ownership =
  /** `certain`: no run before this one ever sent anything for it. Otherwise it was taken over from one that may have. */
  | {
      readonly kind: 'held';
      readonly owner: Side;
      readonly round: number;
      readonly certain: boolean;
      /** How the ledger was before this run sent anything, where that is known. */
      readonly witness?: LedgerWitness;
    }
  /** `by`: who settled it, where it was this run without a reward. */
  | { readonly kind: 'settled'; readonly owner: Side; readonly outcome: SettledOutcome; readonly by?: string };

/** The least pause grows by this with each look, so that a side that lags for hours costs little. */
const LEAST_PAUSE_GROWTH = 1.5;
const FIRST_LEAST_PAUSE_MS = 1_000;

/**
 * Waits, durably, until this message is held by a side that has delivered it. Whoever started the run need not be the
 * owner: the owner's own delivery wakes it by a signal, and on a timer it looks whether the message may be adopted.
 * `onWaiting` is told which sides have delivered it so far, once it is clear that no earlier run has a hand in it.
 */
export async function obtainOwnership(
  input: MessageInput,
  body: Uint8Array,
  onWaiting: (delivered: Iterable<Side>) => void,
  reset: Reset,
): Promise<Ownership> {
  const delivered = new Map<Side, DeliveredArgs>(input.delivered.map((delivery) => [delivery.side, delivery]));
  let news = false;
  setHandler(deliveredSignal, (delivery) => {
    if (delivered.has(delivery.side)) return;
    delivered.set(delivery.side, delivery);
    news = true;
  });

  let earlier = input.resumes;
  if (earlier !== undefined) {
    const taken = await takeOver(input, earlier);
    if (taken !== undefined) return taken;
  }
  // Its worker may have died in the first task, having sent: what is decided anew since then is not this run's to follow.
  const staysWith = input.witness === undefined ? undefined : input.decision.owner;
  const { firstLookMs, longestLookMs, marginMs } = input.settings.adoption;
  let leastPauseMs = Math.min(FIRST_LEAST_PAUSE_MS, firstLookMs);
  let waiting = input.delivered.every(({ side }) => side !== input.decision.owner);
  for (;;) {
    let pauseMs = firstLookMs;
    news = false;
    const own = reset.isPast();
    if (own && earlier?.attempted !== true) {
      // The ledger may have lost what the run before the reset sent, and would let this one claim the message.
      const found = await ledgerSteps.findAttempts({ messageId: input.messageId });
      earlier = { fromRun: workflowInfo().originalExecutionRunId, ...found };
      const taken = found.attempted ? await takeOver(input, earlier) : undefined;
      if (taken !== undefined) return taken;
    }
    onWaiting(delivered.keys());
    const seen = await ledgerSteps.seek({
      ...identityOf(input),
      delivered: [...delivered.values()].filter(({ side }) => staysWith === undefined || side === staysWith),
      marginMs,
      // Another run may have been told of it, and has closed.
      ...((own || input.run !== undefined || input.resumes !== undefined) && { heedsSeen: true }),
    });
    const isDecidedAnew = seen.found === 'waiting' || seen.found === 'before-start';
    if (staysWith !== undefined && isDecidedAnew) {
      return { kind: 'held', owner: staysWith, round: 1, certain: false };
    }
    switch (seen.found) {
      case 'claimed':
        if (own) reset.opened();
        if (waiting || seen.adopted) showState(seen.adopted ? 'adopted' : 'processing', seen.owner);
        return { kind: 'held', owner: seen.owner, round: 1, certain: true, ...witnessOf(input, seen) };
      case 'settled':
        return { kind: 'settled', owner: seen.owner, outcome: seen.outcome };
      case 'other-run': {
        // Temporal lets one run of a message be open, and it is this one: the other closed before it settled.
        const taken = await takeOver(input, { ...earlier, fromRun: seen.fromRun, attempted: true });
        if (taken !== undefined) return taken;
        break;
      }
      case 'waiting':
        if (!waiting) showState('waiting', seen.owner);
        waiting = true;
        // A lag that lasts is told by the ledger, so a look before it could have passed would be in vain.
        pauseMs = seen.lookAgainMs ?? firstLookMs;
        break;
      case 'before-start':
        // The owner may just have come: then it is not alone with its copy any more, and looks again.
        if (news) break;
        return { kind: 'settled', owner: seen.owner, outcome: await giveUp(input, seen.owner), by: BEFORE_START };
      case 'closed':
        // Only a run that was closed meanwhile is told so, and whatever it does next is not recorded.
        throw new Error('this run is closed');
    }
    if (workflowInfo().continueAsNewSuggested) {
      await continueAsNew<(input: MessageInput, body: Uint8Array) => Promise<unknown>>(
        {
          ...input,
          delivered: [...delivered.values()],
          ...(isReset() && { run: identityOf(input).run }),
        },
        body,
      );
    }
    await condition(() => news, Math.round(Math.min(Math.max(pauseMs, leastPauseMs), longestLookMs)));
    leastPauseMs *= LEAST_PAUSE_GROWTH;
  }
}

/** The older one: a worker may have died in the run's first task, having sent, and the ledger may have lost that since. */
function witnessOf(
  input: MessageInput,
  { witness }: { readonly witness?: LedgerWitness },
): {
  readonly witness?: LedgerWitness;
} {
  const oldest = input.witness ?? witness;
  return oldest === undefined ? {} : { witness: oldest };
}

/**
 * Settles a message of before the start whose RocketMQ copy came to wait before the start was set. No other copy will
 * come, and the consumer that was there before may have given the reward.
 */
async function giveUp(input: MessageInput, owner: Side): Promise<SettledOutcome> {
  const { origin, ...identity } = identityOf(input);
  const decision = { ...origin.decision, owner, reason: BEFORE_START };
  const settlement = { owner, round: 0, attempt: 0, outcome: 'abandoned' } as const;
  return ledgerSteps.settle({ ...identity, origin: { ...origin, decision }, ...settlement });
}

/** Takes the message over from a closed run. Whatever that one may have sent counts as unknown. */
async function takeOver(input: MessageInput, { fromRun, attempted, owner }: Resumes): Promise<Ownership | undefined> {
  const heldFor = owner === undefined ? {} : { owner };
  const taken: TakeOverResult = await ledgerSteps.takeOver({ ...identityOf(input), fromRun, ...heldFor });
  switch (taken.found) {
    case 'settled':
      return { kind: 'settled', owner: taken.owner, outcome: taken.outcome };
    case 'unclaimed':
      // The ledger may have lost the record of what was sent, and begun anew at a redelivery: history knows better.
      // And it knows for which side: another one would send what that one may have sent.
      return attempted ? { kind: 'held', owner: owner ?? input.decision.owner, round: 1, certain: false } : undefined;
    case 'clean':
    case 'unknown':
      // The ledger's word that nothing was sent is not enough where Temporal's history of the old run says otherwise.
      return {
        kind: 'held',
        owner: taken.owner,
        round: Math.max(taken.round, 1),
        certain: taken.found === 'clean' && !attempted,
      };
  }
}

export function showState(state: MessageState, owner: Side): void {
  upsertSearchAttributes([
    { key: SEARCH_ATTRIBUTES.state, value: state },
    { key: SEARCH_ATTRIBUTES.owner, value: owner },
  ]);
}
