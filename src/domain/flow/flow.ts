/** A bound that ends by itself: a place is given back when work is done, room to linger when patience has ended. */
export type Bound = 'place' | 'room';

/** What a delivery does in a stage: it waits for a bound and holds none, or it holds one and waits for none. */
type StageRule =
  | { readonly waitsFor: Bound; readonly next: HoldingStage; readonly notWhile?: 'throttled' | 'recovering' }
  | { readonly holds: Bound; readonly isAccepted?: true };

type WaitingStage = 'arrived' | 'queued' | 'held' | 'unproved' | 'due';
/** One that ends by itself with every dependency well, however much is in flow. */
export type HoldingStage = 'routing' | 'lingering' | 'starting' | 'in-hand';

/** Where a delivery is on its way through one process, from its arrival until nothing here waits for it any more. */
export type Stage = WaitingStage | HoldingStage;

/**
 * The stages of a delivery, in the order of its way. That one which waits holds no bound is in the type of this table: a
 * delivery that keeps one while it waits for another is how two of them come to wait for each other for ever.
 *
 * - `arrived`: fetched. `routing`: read, and asked of the ledger whose it is.
 * - `queued`: the other side owns it; waits for room to linger. `lingering`: leaves its owner the time to claim it.
 * - `held`: too many messages wait for the other side already. The throttle's hold must end before it is routed anew.
 * - `unproved`: the ledger has no record, and is not whole. Its recovery must end before it is routed anew.
 * - `due`: is to be started. `starting`: enters the index, and starts or signals its workflow.
 * - `in-hand`: accepted; its first attempt is still this process's work, so that no more is started than is worked off.
 */
export const STAGES = {
  arrived: { waitsFor: 'place', next: 'routing' },
  routing: { holds: 'place' },
  queued: { waitsFor: 'room', next: 'lingering' },
  lingering: { holds: 'room' },
  held: { waitsFor: 'place', next: 'routing', notWhile: 'throttled' },
  unproved: { waitsFor: 'place', next: 'routing', notWhile: 'recovering' },
  due: { waitsFor: 'place', next: 'starting' },
  starting: { holds: 'place' },
  'in-hand': { holds: 'place', isAccepted: true },
} as const satisfies Record<Stage, StageRule>;

export const STAGE_NAMES = Object.keys(STAGES) as readonly Stage[];

/** Who is given a bound first: what comes back goes before what is new, and what is new before anything is fetched. */
const TURNS: readonly WaitingStage[] = ['due', 'held', 'unproved', 'arrived', 'queued'];

/** How many deliveries are in each stage. */
export type Census = Readonly<Record<Stage, number>>;

/** How many of a process's deliveries may be where, at most. */
export interface FlowBounds {
  /** That are worked on: `routing`, `starting`, `in-hand`. At least 1. */
  readonly places: number;
  /** That linger. 0: none does. */
  readonly rooms: number;
  /** That are not accepted, in any stage. At least `places`. Only a fetch waits for this, and that holds nothing. */
  readonly memory: number;
}

export interface Flow {
  readonly census: Census;
  readonly bounds: FlowBounds;
  /** Whether the throttle holds: too many messages wait for the other side. */
  readonly throttled: boolean;
  /** Whether a recovery of the ledger has still to end. Default false. */
  readonly recovering?: boolean;
}

/** So many deliveries may go on from one stage to the next, the oldest first. */
export interface Move {
  readonly from: Stage;
  readonly to: Stage;
  readonly count: number;
}

export const NOBODY: Census = Object.fromEntries(STAGE_NAMES.map((stage) => [stage, 0])) as Record<Stage, number>;

/** How many deliveries take up that bound. */
export function taken(census: Census, bound: Bound): number {
  return sum(census, (rule) => 'holds' in rule && rule.holds === bound);
}

/** How many deliveries are not accepted yet, and so are kept in memory. */
export function unaccepted(census: Census): number {
  return sum(census, (rule) => !('isAccepted' in rule));
}

/** Who may go on now, and how many more the source may fetch. Each bound is given to who may use it, in turn. */
export function permit({ census, bounds, throttled, recovering = false }: Flow): {
  readonly moves: readonly Move[];
  readonly fetch: number;
} {
  const free = {
    place: Math.max(0, bounds.places - taken(census, 'place')),
    room: Math.max(0, bounds.rooms - taken(census, 'room')),
  };
  const holds = { throttled, recovering };
  const moves: Move[] = [];
  for (const from of TURNS) {
    const rule: StageRule = STAGES[from];
    if (!('waitsFor' in rule) || (rule.notWhile !== undefined && holds[rule.notWhile])) continue;
    const count = Math.min(census[from], free[rule.waitsFor]);
    free[rule.waitsFor] -= count;
    if (count > 0) moves.push({ from, to: rule.next, count });
  }
  return { moves, fetch: Math.max(0, Math.min(free.place, bounds.memory - unaccepted(census))) };
}

/**
 * Where a delivery goes from `routing` that the other side owns. `ownerIsPast`: that side is proved past it and this one
 * may adopt it, so its run does that at its first look and waits for nobody. `lingers`: the other side shows life, and this
 * delivery has not waited for it before. Nothing is held that has not been refused: it may be counted as waiting already.
 */
export function afterRouting(wait: {
  readonly ownerIsPast: boolean;
  readonly lingers: boolean;
}): 'starting' | 'queued' {
  return wait.lingers && !wait.ownerIsPast ? 'queued' : 'starting';
}

function sum(census: Census, counts: (rule: StageRule) => boolean): number {
  return STAGE_NAMES.reduce((total, stage) => total + (counts(STAGES[stage]) ? census[stage] : 0), 0);
}
