import { type Census, type HoldingStage, STAGE_NAMES, STAGES, type Stage, unaccepted } from './flow.js';
import { longestStay } from './patience.js';

/** Why intake holds. */
export interface IntakeHold {
  /** As `dependency: what is wrong`, for people. */
  readonly what: string;
  /** What is away. Absent: nothing is, and by a rule some deliveries stay with their broker. */
  readonly dependency?: string;
}

/** What a look at one process's intake finds. Times by a monotonic clock, in ms. */
export interface IntakeLook {
  readonly now: number;
  readonly census: Census;
  /** Deliveries accepted since the start. */
  readonly accepted: number;
  /** Since when the oldest delivery of a stage is in it; nothing of a stage in which there is none. */
  readonly oldest: Partial<Record<Stage, number>>;
  /** Why intake holds, but for the throttle. */
  readonly holds: readonly IntakeHold[];
  /** Whether the throttle holds: too many messages wait for the other side. */
  readonly throttled: boolean;
}

/** What is remembered from look to look. */
export interface Progress {
  readonly accepted: number;
  /** Since when nothing was accepted though something is in hand. */
  readonly quietSince: number | undefined;
  /** The same, but of the time in which nothing declares why. */
  readonly unexplainedSince: number | undefined;
  /** Which dependencies are away, and since when each that was away is back. */
  readonly away: ReadonlySet<string>;
  readonly backSince: ReadonlyMap<string, number>;
  /** Since when each hold lasts, by its subject: its words may hold a count, and change. */
  readonly holds: ReadonlyMap<string, number>;
}

export const NO_PROGRESS: Progress = {
  accepted: 0,
  quietSince: undefined,
  unexplainedSince: undefined,
  away: new Set(),
  backSince: new Map(),
  holds: new Map(),
};

/** Since when nothing was accepted, or one delivery is at work, and no hold says why. */
export type Stall =
  | { readonly what: 'nothing-accepted'; readonly since: number }
  | { readonly what: 'one-delivery-stuck'; readonly stage: Stage; readonly since: number };

/**
 * What each stage that ends by itself (work, and patience with an owner) cannot end without. A hold for anything else does
 * not say why a delivery is still in it: without this table a hold that lasts hides every delivery that is stuck meanwhile.
 */
const NEEDS = {
  routing: ['ledger', 'policy', 'retention'],
  lingering: [],
  starting: ['ledger', 'temporal', 'dead letters'],
  'in-hand': [],
} as const satisfies Record<HoldingStage, readonly string[]>;

/** What a delivery of each stage waits for, for people. */
export const WAITS_FOR: Readonly<Record<Stage, string>> = {
  arrived: 'a place (limits.inFlight)',
  routing: 'the ledger to say whose it is',
  queued: 'room to linger (limits.lingering)',
  lingering: 'the other side to claim it',
  held: 'fewer messages to wait for the other side (limits.waiting)',
  unproved: 'the ledger to be restored',
  due: 'a place (limits.inFlight)',
  starting: 'the ledger and Temporal, or its dead-letter topic, to take it',
  'in-hand': 'its first attempt at the reward, 2 s at most',
};

/** How long intake may stand still before that is a stall, in ms: never less than twice the longest wait that is configured. */
export function stallAfter({ stallMs, lingerMs }: { readonly stallMs: number; readonly lingerMs: number }): number {
  return Math.max(stallMs, 2 * longestStay(lingerMs));
}

export function observe(before: Progress, look: IntakeLook): Progress {
  const { now, accepted } = look;
  const inHand = unaccepted(look.census) > 0;
  const declared = look.holds.length > 0 || look.throttled;
  const since = (earlier: number | undefined): number =>
    accepted === before.accepted && earlier !== undefined ? earlier : now;
  const away = new Set(look.holds.flatMap(({ dependency }) => dependency ?? []));
  const back = [...before.away].map((dependency): [string, number] => [dependency, now]);
  return {
    accepted,
    quietSince: inHand ? since(before.quietSince) : undefined,
    unexplainedSince: inHand && !declared ? since(before.unexplainedSince) : undefined,
    away,
    backSince: new Map([...before.backSince, ...back].filter(([dependency]) => !away.has(dependency))),
    holds: new Map(look.holds.map((hold) => [subjectOf(hold), before.holds.get(subjectOf(hold)) ?? now])),
  };
}

/** What tells a hold from another one while its words change. */
export function subjectOf({ what, dependency }: IntakeHold): string {
  return dependency ?? what;
}

/**
 * Whether intake stands still without anybody saying why. While the throttle holds, that nothing is accepted is declared;
 * a single delivery that does not come to an end is a fault even then, and while something else is away than what it needs.
 */
export function findStall(progress: Progress, look: IntakeLook, afterMs: number): Stall | undefined {
  const { unexplainedSince } = progress;
  if (unexplainedSince !== undefined && look.now - unexplainedSince >= afterMs) {
    return { what: 'nothing-accepted', since: unexplainedSince };
  }
  for (const stage of STAGE_NAMES) {
    const since = stuckSince(stage, progress, look);
    if (since !== undefined && look.now - since >= afterMs) return { what: 'one-delivery-stuck', stage, since };
  }
  return undefined;
}

/** Since when a delivery is in that stage although nothing that it needs was away; undefined where none is, or that is. */
function stuckSince(stage: Stage, { away, backSince }: Progress, { oldest }: IntakeLook): number | undefined {
  const since = oldest[stage];
  if (since === undefined || !isAtWork(stage)) return undefined;
  const needs: readonly string[] = NEEDS[stage];
  if (needs.some((dependency) => away.has(dependency))) return undefined;
  return Math.max(since, ...needs.map((dependency) => backSince.get(dependency) ?? since));
}

function isAtWork(stage: Stage): stage is HoldingStage {
  return 'holds' in STAGES[stage];
}
