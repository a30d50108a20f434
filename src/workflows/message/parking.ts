import { ApplicationFailure, condition, patched, setCurrentDetails, setHandler } from '@temporalio/workflow';
import type { LookupEvidence, SettledOutcome } from '../../domain/reward/outcome.js';
import type { ParkRequest } from '../../domain/run.js';
import { createTurns, type TakeTurn } from '../turns.js';
import { asOfReset, type RoundResult, type UnknownResult } from './attempts.js';
import { type ResolveArgs, resolveUpdate } from './contract.js';
import { patchedLate } from './late-patch.js';
import { showState } from './ownership.js';
import { type HeldMessage, ledgerSteps } from './run.js';

/** How an unknown outcome was resolved, by a lookup or a person. */
export type Resolved =
  /** `recorded`: the ledger holds it already. Default false. */
  | { readonly kind: 'outcome'; readonly outcome: SettledOutcome; readonly by: string; readonly recorded?: boolean }
  | { readonly kind: 'reopened'; readonly round: number };

interface ParkedRound {
  readonly held: HeldMessage;
  readonly round: number;
  readonly result: UnknownResult;
  /** Taken at once by the first answer that passes the validator, so that a second tab's is turned away. */
  answered: boolean;
  /** Of an answer and a look, only one at a time takes steps in the ledger. */
  readonly takeTurn: TakeTurn;
  resolved?: Resolved;
}

/**
 * Readies the run for `resolve` from its first moment, and answers the function that parks it: `resolve` is refused
 * unless the message is parked in the round it names and nobody has answered that round yet. `onParked` is told of each
 * time, with what the ledger was given. `said`: what the provider's lookup said last, if it was asked.
 */
export function acceptResolutions(
  onParked: (as: ParkRequest) => void,
): (held: HeldMessage, round: number, result: RoundResult, said?: LookupEvidence) => Promise<Resolved> {
  let parked: ParkedRound | undefined;

  setHandler(
    resolveUpdate,
    async (args) => {
      const current = parked;
      if (current === undefined) throw refusal('it is not parked');
      current.answered = true;
      // Asked here, where no step in the ledger comes before it (see late-patch.ts), and not when its turn has come.
      const settlesFirst = args.resolution !== 'resend' && patched(SETTLES_FIRST);
      try {
        const resolved = await current.takeTurn(async () => {
          if (current.resolved !== undefined) throw refusal('its outcome has just been found in the ledger');
          current.resolved = await carryOut(current, args, settlesFirst);
          return current.resolved;
        });
        const { round, resolution } = args;
        // What was told is not what came of it: then the answer says so.
        const isContradicted = resolved.kind === 'outcome' && resolved.outcome !== outcomeOf(resolution);
        return { round, resolution, ...(isContradicted && { outcome: resolved.outcome }) };
      } catch (error) {
        // A refused answer used nothing up; the round is open to the next one.
        current.answered = false;
        throw error;
      }
    },
    {
      validator(args) {
        if (parked === undefined) throw refusal('it is not parked');
        if (args.round !== parked.round)
          throw refusal(`round ${args.round} is not open: it is parked in round ${parked.round}`);
        if (parked.answered) throw refusal(`round ${parked.round} has been answered`);
        const undated = args.givenAt === undefined && args.force !== true;
        if (args.resolution === 'resend' && undated && !parked.result.certainlyNot)
          throw refusal('it does not say when it was given');
        if (args.actor === '' || args.reason === '') throw refusal('an actor and a reason are required');
      },
    },
  );

  return async function park(held, round, reached, said) {
    if (reached.kind !== 'unknown') throw new Error('only an unknown outcome is parked');
    const result = asOfReset(reached, held);
    const { identity, owner } = held;
    const { attempt } = result;
    const lookup = said === undefined ? {} : { lookup: said };
    const evidence = { ...result.evidence, ...lookup, resendAfter: resendAfter(held, result) };
    const as: ParkRequest = { ...identity, owner, round, attempt, evidence };
    const settled = await ledgerSteps.park(as);
    // A worker that died between the ledger and its report to Temporal has left the outcome there: it is known after all.
    if (settled != null) return { kind: 'outcome', outcome: settled, by: 'ledger' };
    onParked(as);
    showState('parked', owner);
    setCurrentDetails(describeParked(held, round, result, said));
    // Runs that were parked before there was this look have no timers in their history, and those before it had to take
    // turns with an answer may have both at once.
    const looksOutOfTurn = !patched(LOOKS_IN_TURN) && patched(LOOKS_FOR_LATE_ANSWER);
    const takeTurn = looksOutOfTurn ? atOnce : createTurns();
    const current: ParkedRound = { held, round, result, answered: false, takeTurn };
    parked = current;
    const isResolved = (): boolean => current.resolved !== undefined;
    if (looksOutOfTurn || (await patchedLate(LOOKS_IN_TURN, isResolved))) await lookForLateAnswer(current, as);
    await condition(isResolved);
    parked = undefined;
    setCurrentDetails('');
    return current.resolved as Resolved;
  };
}

const LOOKS_FOR_LATE_ANSWER = 'parked: look for a late answer';
const LOOKS_IN_TURN = 'parked: look for a late answer in turn';

const atOnce: TakeTurn = (work) => work();

/** When a parked run looks into the ledger again, in times of what an attempt may last. */
const LOOKS_AFTER = [1, 4, 16, 64];

/**
 * An attempt that stood still, was taken for dead and had begun before its message was parked may still hear from the
 * provider. It can tell the ledger, but not Temporal, which has given it up: without this look the run would wait for a
 * person for ever, with the outcome in the ledger.
 *
 * The look and a person's answer take turns. Two local activities at once end one by one, but are given to a replay
 * together, so that what follows them comes in another order, and the run could never go on with another worker.
 */
async function lookForLateAnswer(current: ParkedRound, as: ParkRequest): Promise<void> {
  const { held, result } = current;
  if (result.certainlyNot) return;
  for (const times of LOOKS_AFTER) {
    const pauseMs = times * held.input.settings.attemptTimeoutMs;
    if (await condition(() => current.resolved !== undefined, pauseMs)) return;
    const found = await current.takeTurn(async () => {
      if (current.resolved !== undefined) return true;
      const settled = await ledgerSteps.park(as);
      // Without turns an answer may be under way, and goes before, as those histories have it.
      if (settled == null || (current.takeTurn === atOnce && current.answered)) return false;
      current.answered = true;
      current.resolved = { kind: 'outcome', outcome: settled, by: 'ledger' };
      return true;
    });
    if (found) return;
  }
}

function outcomeOf(resolution: ResolveArgs['resolution']): SettledOutcome {
  return resolution === 'granted' ? 'granted' : 'abandoned';
}

const SETTLES_FIRST = 'resolve: settle before it is audited';

/** Takes the step that a person's answer asks for, audited with what stands then, before anything follows from it. */
async function carryOut(
  { held, round, result: parkedWith }: ParkedRound,
  args: ResolveArgs,
  settlesFirst: boolean,
): Promise<Resolved> {
  const { identity, owner, input } = held;
  const own = held.reset.isPast();
  const result = asOfReset(parkedWith, held);
  const { resolution, actor, reason, givenAt = 0 } = args;
  if (resolution === 'resend') {
    // A reset has Temporal deliver anew what was answered to the run before, whose round this one may not be at.
    if (own && givenAt <= held.reset.at()) throw refusal('it was given before the workflow was reset');
    const atOnce = args.force === true || result.certainlyNot;
    const settlesWithinMs = atOnce ? 0 : input.settings.settlesWithinMs;
    const notBefore = atOnce ? 0 : resendAfter(held, result);
    const observed = atOnce ? {} : { observedAt: givenAt };
    const reopened = await ledgerSteps.reopen({ ...identity, owner, round, notBefore, settlesWithinMs, ...observed });
    if (!reopened.reopened) throw refusal(reopened.why);
    if (own) held.reset.opened();
    await ledgerSteps.audit({ messageId: input.messageId, round, resolution, actor, reason });
    return { kind: 'reopened', round: reopened.round };
  }
  const { messageId } = input;
  const told = outcomeOf(resolution);
  if (!settlesFirst) {
    await ledgerSteps.audit({ messageId, round, resolution, actor, reason });
    return { kind: 'outcome', outcome: told, by: actor };
  }
  // An execution that was taken for dead may have settled it otherwise, a moment before.
  const outcome = await ledgerSteps.settle({ ...identity, owner, round, attempt: result.attempt, outcome: told });
  await ledgerSteps.audit({ messageId, round, resolution, actor, reason, outcome });
  return { kind: 'outcome', outcome, by: outcome === told ? actor : 'ledger', recorded: true };
}

/** From when on what was sent can no longer take effect, in ms since the epoch; 0: nothing was executed. */
function resendAfter({ input }: HeldMessage, { certainlyNot, deadline }: UnknownResult): number {
  return certainlyNot ? 0 : deadline + input.settings.settlesWithinMs;
}

function refusal(why: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(`refused: ${why}`, 'ResolutionRefused');
}

/** What a person finds under "Current details" in Temporal Web UI. */
function describeParked(
  { input, owner }: HeldMessage,
  round: number,
  { attempt, evidence, certainlyNot }: UnknownResult,
  said: LookupEvidence | undefined,
): string {
  const facts = [
    certainlyNot
      ? '**Parked: every attempt was surely not executed, and the retries are exhausted.**'
      : '**Parked: nobody can tell whether the reward was given. It will not be sent again by itself.**',
    '',
    `- what happened: ${evidence.detail}`,
    `- owner \`${owner}\`, round ${round}, attempt ${attempt}, phase \`${evidence.phase}\``,
    ...(evidence.status === undefined ? [] : [`- HTTP status ${evidence.status}`]),
    ...(said === undefined ? [] : [`- the lookup said ${said.result}: ${said.detail}`]),
    '',
    'Find out at the provider, then:',
    '',
    `    handover resolve ${input.messageId} granted|resend|abandon --round ${round} --reason "..."`,
  ];
  return facts.join('\n');
}
