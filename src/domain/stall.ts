import { type Census, STAGE_NAMES, STAGES, type Stage, unaccepted } from './flow.js';
import { longestStay } from './patience.js';

/** What a look at one process's intake finds. Times by a monotonic clock, in ms. */
export interface IntakeLook {
  readonly now: number;
  readonly census: Census;
  /** Deliveries accepted since the start. */
  readonly accepted: number;
  /** Since when the oldest delivery is in a stage that ends by itself; undefined where none is in one. */
  readonly oldestAtWork: number | undefined;
  /** Why intake holds, as far as a dependency is the cause: a sentence each. */
  readonly holds: readonly string[];
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
  /** Since when no dependency is away. */
  readonly freeSince: number | undefined;
  /** Since when each hold lasts. */
  readonly holds: ReadonlyMap<string, number>;
}

export const NO_PROGRESS: Progress = {
  accepted: 0,
  quietSince: undefined,
  unexplainedSince: undefined,
  freeSince: undefined,
  holds: new Map(),
};

/** `since`: nothing was accepted, or one delivery is at work, for so long, and no hold says why. */
export interface Stall {
  readonly what: 'nothing-accepted' | 'one-delivery-stuck';
  readonly since: number;
}

/** Stages that end by themselves with every dependency well, however much is in flow: work, and patience with an owner. */
export const AT_WORK: readonly Stage[] = STAGE_NAMES.filter((stage) => 'holds' in STAGES[stage]);

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
  return {
    accepted,
    quietSince: inHand ? since(before.quietSince) : undefined,
    unexplainedSince: inHand && !declared ? since(before.unexplainedSince) : undefined,
    freeSince: look.holds.length > 0 ? undefined : (before.freeSince ?? now),
    holds: new Map(look.holds.map((hold) => [hold, before.holds.get(hold) ?? now])),
  };
}

/**
 * Whether intake stands still without anybody saying why. While the throttle holds, that nothing is accepted is declared;
 * a single delivery that does not come to an end is a fault even then.
 */
export function findStall(progress: Progress, look: IntakeLook, afterMs: number): Stall | undefined {
  const { unexplainedSince, freeSince } = progress;
  if (unexplainedSince !== undefined && look.now - unexplainedSince >= afterMs) {
    return { what: 'nothing-accepted', since: unexplainedSince };
  }
  if (freeSince === undefined || look.oldestAtWork === undefined) return undefined;
  const since = Math.max(freeSince, look.oldestAtWork);
  return look.now - since >= afterMs ? { what: 'one-delivery-stuck', since } : undefined;
}
