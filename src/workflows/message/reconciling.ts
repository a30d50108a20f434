import { ActivityFailure, patched, proxyActivities, setCurrentDetails, sleep } from '@temporalio/workflow';
import type { LookupAnswer, RewardActivities } from '../../activities/reward.js';
import {
  afterLookup,
  apartMs,
  FIRST_PAUSE_MS,
  LOOKUPS,
  type LookupHeard,
  maySendAgain,
} from '../../domain/reward/lookup.js';
import type { LookupEvidence } from '../../domain/reward/outcome.js';
import { sideTaskQueue } from '../names.js';
import { asOfReset, type RoundResult } from './attempts.js';
import type { Resolved } from './parking.js';
import { type HeldMessage, ledgerSteps } from './run.js';

/** The last round about which a lookup is asked. Beyond it a person has sent again several times, and is at it. */
const LAST_ROUND_ASKED = 5;

const NEEDS_MARKS = 'lookup: by its marks, and one round';

/** What lookups came to. Without `resolved` it is left open; `said`: what the last one said. */
export interface Reconciled {
  readonly resolved?: Resolved;
  readonly said?: LookupEvidence;
}

/**
 * Asks the provider what became of an unknown outcome, where it has a lookup. What follows from its answers is in
 * domain/reward/lookup.ts. `isFirst`: no run before this one has sent anything for the message.
 */
export async function reconcile(
  held: HeldMessage,
  round: number,
  result: RoundResult,
  isFirst: boolean,
): Promise<Reconciled> {
  const { input } = held;
  if (result.kind !== 'unknown' || result.certainlyNot) return {};
  if (!input.settings.lookup || round > LAST_ROUND_ASKED) return {};
  const { settlesWithinMs } = input.settings;

  let first: LookupHeard | undefined;
  let said: LookupEvidence | undefined;
  for (let asked = 0; asked < LOOKUPS; asked += 1) {
    const answer = await lookup(held);
    const own = held.reset.isPast();
    const notBefore = asOfReset(result, held).deadline + settlesWithinMs;
    // A run that was begun before goes on by the marks from its next answer on.
    if (!patched(NEEDS_MARKS)) {
      const before = await asBeforeMarks(held, round, { answer, notBefore, asked });
      if (before !== 'ask again') return before === undefined ? {} : { resolved: before };
      continue;
    }
    const heard = hear(answer);
    said = evidenceOf(answer, heard);
    const next = afterLookup(heard, asked, first, {
      notBefore,
      apartMs: apartMs(input.settings),
      maySendAgain: maySendAgain({ round, isFirst, inDoubt: held.reset.inDoubt() }),
    });
    switch (next.step) {
      case 'settle':
        setCurrentDetails('');
        return { resolved: { kind: 'outcome', outcome: 'granted', by: 'lookup' } };
      case 'send-again': {
        setCurrentDetails('');
        const opened = await openRound(held, round, { notBefore, observedAt: next.observedAt, own });
        return opened === undefined ? { said } : { resolved: { kind: 'reopened', round: opened } };
      }
      case 'park':
        return { said };
      case 'ask-again':
        first = next.first;
        setCurrentDetails(describeLookups(said, next.inMs));
        await sleep(next.inMs);
    }
  }
  return said === undefined ? {} : { said };
}

/** What the run may take of an answer: nothing but unknown, unless it bears the provider's mark. */
function hear(answer: LookupAnswer | undefined): LookupHeard {
  const heardAt = Date.now();
  if (answer === undefined) return { result: 'unknown', askedAt: heardAt, heardAt };
  const { result, askedAt, marked, inVain } = answer;
  return {
    result: marked === true ? result : 'unknown',
    askedAt,
    heardAt,
    ...(inVain === true && { inVain }),
  };
}

function evidenceOf(answer: LookupAnswer | undefined, { result }: LookupHeard): LookupEvidence {
  if (answer === undefined) return { result, detail: 'The lookup could not be asked: no worker or provider answered.' };
  const { askedAt, evidence } = answer;
  const detail =
    evidence?.detail ?? 'A worker of an earlier version asked, which does not tell by which mark it knows.';
  return { result, askedAt, detail, ...(evidence?.status !== undefined && { status: evidence.status }) };
}

/** Opens the next round. Undefined where the ledger refuses it. */
async function openRound(
  held: HeldMessage,
  round: number,
  at: { readonly notBefore: number; readonly observedAt: number; readonly own: boolean },
): Promise<number | undefined> {
  const { identity, owner, input } = held;
  const { notBefore, observedAt, own } = at;
  const { settlesWithinMs } = input.settings;
  const reopened = await ledgerSteps.reopen({ ...identity, owner, round, notBefore, settlesWithinMs, observedAt });
  if (!reopened.reopened) return undefined;
  if (own) held.reset.opened();
  return reopened.round;
}

/**
 * What followed from an answer before it needed a mark. It is taken in the replay of such histories only, as it took any
 * 404 for 'absent', and opened round after round by that.
 */
async function asBeforeMarks(
  held: HeldMessage,
  round: number,
  { answer, notBefore, asked }: { readonly answer: LookupAnswer | undefined; notBefore: number; asked: number },
): Promise<Resolved | 'ask again' | undefined> {
  const own = held.reset.isPast();
  if (answer?.result === 'granted') return { kind: 'outcome', outcome: 'granted', by: 'lookup' };
  if (answer?.result === 'absent' && answer.askedAt > notBefore) {
    const opened = await openRound(held, round, { notBefore, observedAt: answer.askedAt, own });
    return opened === undefined ? undefined : { kind: 'reopened', round: opened };
  }
  const untilItSettles = answer?.result === 'absent' ? notBefore - answer.askedAt + 1 : 0;
  await sleep(Math.max(untilItSettles, FIRST_PAUSE_MS * 2 ** asked));
  return 'ask again';
}

/** What a person finds under "Current details" in Temporal Web UI meanwhile. */
function describeLookups({ result, detail }: LookupEvidence, inMs: number): string {
  const until = new Date(Date.now() + inMs).toISOString();
  return `**Outcome unknown: the provider's lookup is asked.**\n\n- it said ${result}: ${detail}\n- asked again at ${until}`;
}

/** One lookup, with Temporal's retries for a worker or provider that is away; undefined when it gave no answer. */
async function lookup(held: HeldMessage): Promise<LookupAnswer | undefined> {
  const { input, body, owner } = held;
  const activities = proxyActivities<RewardActivities>({
    taskQueue: sideTaskQueue(input.migration, owner),
    startToCloseTimeout: input.settings.attemptTimeoutMs,
    retry: { initialInterval: '1 s', maximumInterval: '30 s', maximumAttempts: 5 },
  });
  const { messageId, businessId, traceparent } = input;
  try {
    return await activities.lookup(
      { messageId, ...(businessId !== undefined && { businessId }), ...(traceparent !== undefined && { traceparent }) },
      body,
    );
  } catch (error) {
    if (error instanceof ActivityFailure) return undefined;
    throw error;
  }
}
