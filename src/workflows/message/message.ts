import type { SettledOutcome } from '../../domain/reward/outcome.js';
import type { MessageInput } from '../../domain/run.js';
import { type RoundResult, rewardOnce, takenOver } from './attempts.js';
import type { MessageResult } from './contract.js';
import { rewardFirst } from './inline-first.js';
import { obtainOwnership, showState } from './ownership.js';
import { acceptResolutions, type Resolved } from './parking.js';
import { reconcile } from './reconciling.js';
import { watchReset } from './reset.js';
import { type HeldMessage, identityOf, ledgerSteps } from './run.js';
import { tellRunState } from './run-state.js';

/**
 * The life of one message, whichever side delivered it first. The workflow ID is the message ID: as long as Temporal
 * keeps it, no second one can start. It completes with the outcome and never fails on its own: what it cannot know it
 * parks, for a lookup or a person to resolve.
 */
export async function message(input: MessageInput, body: Uint8Array): Promise<MessageResult> {
  const runState = tellRunState(input);
  const reset = watchReset();
  const awaitResolution = acceptResolutions(runState.parked);
  const ownership = await obtainOwnership(input, body, runState.waiting, reset);
  const { owner } = ownership;
  const identity = identityOf(input);
  if (ownership.kind === 'settled') {
    const { outcome, by: resolvedBy } = ownership;
    const result = { outcome, owner, round: 0, attempt: 0, origin: identity.origin };
    return { ...result, ...(resolvedBy !== undefined && { resolvedBy }) };
  }

  const { witness } = ownership;
  const held: HeldMessage = { input, body, identity, owner, reset, ...(witness !== undefined && { witness }) };
  let round = ownership.round;
  if (ownership.certain) runState.held(owner, round);
  // A round that the run before a reset has opened is that one's: it may have sent in it already.
  let result: RoundResult = ownership.certain && !reset.inDoubt() ? await rewardFirst(held, round) : takenOver(input);
  for (;;) {
    if (result.kind === 'outcome') return await settle(held, round, result, result.outcome, result.recorded);

    const { resolved: found, said } = await reconcile(held, round, result, ownership.certain);
    const resolved: Resolved = found ?? (await awaitResolution(held, round, result, said));
    if (resolved.kind === 'outcome') {
      const { outcome, recorded = false, by } = resolved;
      return await settle(held, round, result, outcome, recorded, by);
    }
    round = resolved.round;
    runState.held(owner, round);
    showState('processing', owner);
    result = reset.inDoubt() ? takenOver(input) : await rewardOnce(held, round);
  }
}

async function settle(
  held: HeldMessage,
  round: number,
  { attempt }: RoundResult,
  outcome: SettledOutcome,
  recorded: boolean,
  resolvedBy?: string,
): Promise<MessageResult> {
  const { identity, owner } = held;
  // An execution that was taken for dead may have settled it before, and otherwise: what the ledger holds is final.
  const stands = recorded ? outcome : await ledgerSteps.settle({ ...identity, owner, round, attempt, outcome });
  const by = stands === outcome ? resolvedBy : 'ledger';
  const result = { outcome: stands, owner, round, attempt, origin: identity.origin };
  return { ...result, ...(by !== undefined && { resolvedBy: by }) };
}
