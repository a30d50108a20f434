import { describe, expect, test } from 'vitest';
import {
  isMade,
  provingNothing,
  rememberedFrom,
  surelyWitnessedFor,
  witnessedFor,
} from '../../src/domain/ledger/ledger-health.js';

/**
 * One message that was paid, a ledger that loses everything, a recovery that lasts, and two redeliveries: every way in which
 * these can lie in time, in steps of an hour, with a Temporal that keeps a closed workflow for {@link RETENTION} hours. The
 * message is paid twice where one is started although neither the ledger nor Temporal knows of it any more. What is
 * called of `domain/ledger/ledger-health.ts` is what the workers call.
 */
const HOUR = 3_600_000;
const RETENTION = 8;
const LOSS = 20;
const LONGEST_RECOVERY = 16;
const LAST = LOSS + LONGEST_RECOVERY + 2 * RETENTION;

interface Rules {
  /** The horizon is reckoned from the end of the recovery. Else from its beginning. */
  readonly horizonFromTheEnd: boolean;
  /** While what has closed is missing, what nobody has claimed is routed only if Temporal surely witnesses it. Else all is. */
  readonly provesWhilePartial: boolean;
  /** That goes for what is only assigned as well, maybe by a delivery of since the loss. Else for what has no record. */
  readonly doubtsAssigned: boolean;
  /** That is judged by the broker's time. Else by the time that the producer names, which may be any. */
  readonly byTheBrokersTime: boolean;
  /** And by the time that the message bears, as a topic that is restored has old messages stored anew. Else by the broker's alone. */
  readonly byItsOwnTimeToo: boolean;
  /** A recovery that took long removes at its end what was routed since the loss and has no workflow. */
  readonly forgetsUnstarted: boolean;
  /** And what is older than the horizon and has no workflow, where the ledger was set back: that is a record of before then. */
  readonly forgetsSetBack: boolean;
  /** What has closed is entered from the oldest on. Else from the newest. */
  readonly oldestFirst: boolean;
  /** As it was: nothing is routed before all is entered. */
  readonly holdsUntilTheEnd: boolean;
}

const RULES: Rules = {
  horizonFromTheEnd: true,
  provesWhilePartial: true,
  doubtsAssigned: true,
  byTheBrokersTime: true,
  byItsOwnTimeToo: true,
  forgetsUnstarted: true,
  forgetsSetBack: true,
  oldestFirst: true,
  holdsUntilTheEnd: false,
};

interface Case {
  /** When the broker stored it and when its workflow closed. */
  readonly stored: number;
  readonly closed: number;
  readonly lasts: number;
  /** The ledger is set back to that hour, by a snapshot. Undefined: it loses all. */
  readonly setBackTo?: number;
  /** When it is delivered once more, and, as the process died with it in hand, again. */
  readonly first: number;
  readonly second: number;
  /**
   * Who says that it is new: nobody, its producer, or its broker, as it was stored anew from a copy of the topic that keeps
   * the times of its messages.
   */
  readonly newBy: 'nobody' | 'producer' | 'broker';
}

/** When the recovery looks for it, of what Temporal still has at its beginning. */
function lookedForAt({ closed, lasts }: Case, { oldestFirst }: Rules): number {
  const share = (closed - (LOSS - RETENTION)) / RETENTION;
  return LOSS + lasts * (oldestFirst ? share : 1 - share);
}

type Answer = 'start' | 'leave' | 'dead-letter';

/** What a side does with a delivery at that hour; `assigned`: by an earlier one of since the loss, or of before it. */
function judge(rules: Rules, scene: Case, at: number, assigned: boolean): Answer {
  const { stored, lasts, newBy, setBackTo = null } = scene;
  const end = LOSS + lasts;
  if (at < end) {
    if (rules.holdsUntilTheEnd) return 'leave';
    const byBroker = newBy === 'broker' ? at : stored;
    const byItself = newBy === 'producer' ? at : stored;
    const told = Math.min(rules.byTheBrokersTime ? byBroker : at, rules.byItsOwnTimeToo ? byItself : at);
    const isProved = (at - told) * HOUR <= surelyWitnessedFor(RETENTION * HOUR);
    const isDoubted = rules.provesWhilePartial && !isProved && (!assigned || rules.doubtsAssigned);
    return isDoubted ? 'leave' : 'start';
  }
  if (assigned) return 'start';
  const from = (rules.horizonFromTheEnd ? end : LOSS) * HOUR;
  return stored * HOUR < rememberedFrom(inMs(setBackTo), from, RETENTION * HOUR) ? 'dead-letter' : 'start';
}

function isPaidTwice(rules: Rules, scene: Case): boolean {
  const { stored, closed, lasts, setBackTo = null, first, second } = scene;
  const end = LOSS + lasts;
  // What was settled by then the ledger knows.
  if (setBackTo !== null && closed <= setBackTo) return false;
  const isOfBefore = setBackTo !== null && stored <= setBackTo;
  const horizon = rememberedFrom(inMs(setBackTo), end * HOUR, RETENTION * HOUR);
  const made = provingNothing({
    since: inMs(setBackTo),
    openedAt: LOSS * HOUR,
    endedAt: end * HOUR,
    retentionMs: RETENTION * HOUR,
    remembersSince: horizon,
  });
  const isForgotten = (createdAt: number): boolean => {
    const { from, before } = made ?? {};
    return isMade(createdAt * HOUR, {
      ...(rules.forgetsUnstarted && from !== undefined && { from }),
      ...(rules.forgetsSetBack && before !== undefined && { before }),
    });
  };
  const forgottenAt = closed + RETENTION;
  const found = lookedForAt(scene, rules);
  const isEntered = (at: number): boolean => closed >= LOSS - RETENTION && found < forgottenAt && found <= at;
  let assigned = isOfBefore;
  for (const at of [first, second]) {
    if (isEntered(at)) return false;
    // Only what was routed before the end is removed at the end.
    if (at >= end && (isOfBefore || first < end) && isForgotten(isOfBefore ? stored : first)) assigned = false;
    const answer = judge(rules, scene, at, assigned);
    if (answer !== 'start') continue;
    // The process of the first one dies before it has started the workflow.
    if (at === second && at >= forgottenAt) return true;
    assigned = true;
  }
  return false;
}

function inMs(hour: number | null): number | null {
  return hour === null ? null : hour * HOUR;
}

/** One delivery is enough where an earlier one has left its record before the loss. */
function* casesOfASnapshot(): Generator<Case> {
  for (let setBackTo = 0; setBackTo < LOSS; setBackTo += 1)
    for (let stored = 0; stored < LOSS; stored += 1)
      for (let closed = Math.max(stored, setBackTo + 1); closed < LOSS; closed += 1)
        for (let lasts = 0; lasts <= LONGEST_RECOVERY; lasts += 1)
          for (let second = LOSS; second <= LAST; second += 1)
            yield { setBackTo, stored, closed, lasts, first: second, second, newBy: 'nobody' };
}

function* cases(): Generator<Case> {
  for (let stored = 0; stored < LOSS; stored += 1)
    for (let closed = stored; closed < LOSS; closed += 1)
      for (let lasts = 0; lasts <= LONGEST_RECOVERY; lasts += 1)
        for (let first = LOSS; first <= LAST; first += 1)
          for (let second = first; second <= LAST; second += 2)
            for (const newBy of ['nobody', 'producer', 'broker'] as const)
              yield { stored, closed, lasts, first, second, newBy };
}

function firstPaidTwice(rules: Rules, among = cases): Case | undefined {
  for (const scene of among()) if (isPaidTwice(rules, scene)) return scene;
  return undefined;
}

describe('redeliveries of a message that was paid, around a recovery that lasts', () => {
  test('never pay it again, however their times lie', () => {
    expect(firstPaidTwice(RULES)).toBeUndefined();
    expect(firstPaidTwice({ ...RULES, holdsUntilTheEnd: true })).toBeUndefined();
  });

  test('pay it again by a horizon from the beginning of the recovery, once that takes longer than the margin', () => {
    const guilty = firstPaidTwice({ ...RULES, holdsUntilTheEnd: true, horizonFromTheEnd: false });
    const margin = RETENTION - witnessedFor(RETENTION * HOUR) / HOUR;
    expect(guilty?.lasts).toBeGreaterThanOrEqual(margin);
  });

  test.each([
    ['without a proof while the ledger is partial', { provesWhilePartial: false }],
    ['by a proof that the producer wrote', { byTheBrokersTime: false }],
    ['by a proof that a broker gives of what it stored anew', { byItsOwnTimeToo: false }],
    ['by an owner that was decided after the loss', { doubtsAssigned: false }],
    ['by such an owner, after a recovery that took long', { forgetsUnstarted: false }],
  ] as const)('pay it again %s', (_name, change) => {
    expect(firstPaidTwice({ ...RULES, ...change })).toBeDefined();
  });

  test('never pay it again from a ledger that was set back to a snapshot, and do by what had only an owner then', () => {
    expect(firstPaidTwice(RULES, casesOfASnapshot)).toBeUndefined();
    const guilty = firstPaidTwice({ ...RULES, forgetsSetBack: false }, casesOfASnapshot);
    expect(guilty?.setBackTo).toBeLessThan(LOSS - witnessedFor(RETENTION * HOUR) / HOUR);
  });

  test('find it restored before Temporal forgets it if the oldest come first and it lasts less than the retention', () => {
    const isMissed = (scene: Case, rules: Rules): boolean =>
      scene.closed > LOSS - RETENTION && lookedForAt(scene, rules) >= scene.closed + RETENTION;
    const scenes = [...cases()].filter(({ lasts, first, second }) => lasts < RETENTION && first === second);
    expect(scenes.some((scene) => isMissed(scene, RULES))).toBe(false);
    expect(scenes.some((scene) => isMissed(scene, { ...RULES, oldestFirst: false }))).toBe(true);
  });
});
