import type { World } from '../design.js';
import { attemptCode } from '../key.js';
import type { Caller, ModelLedger, Taken } from '../ledger.js';
import { type Attempt, changeRun, type LedgerRow, type Run, type State, withState } from '../state.js';

/** Whose step it is. Only the system's own are sure to be taken in the end; none of the others may be relied upon. */
export type Kind = 'system' | 'environment' | 'person' | 'fault';

export interface Step {
  readonly kind: Kind;
  readonly label: string;
  readonly next: State;
  /** A local activity of the workflow: what it did to the ledger stays although Temporal may never hear of it. */
  readonly local?: boolean;
}

export interface Rules extends World {
  readonly ledger: ModelLedger;
}

export const system = (label: string, next: State): Step => ({ kind: 'system', label, next });
export const local = (label: string, next: State): Step => ({ ...system(`workflow: ${label}`, next), local: true });
export const environment = (label: string, next: State): Step => ({ kind: 'environment', label, next });
export const person = (label: string, next: State): Step => ({ kind: 'person', label, next });
export const fault = (label: string, next: State): Step => ({
  kind: 'fault',
  label: `FAULT ${label}`,
  next: withState(next, { faults: next.faults + 1 }),
});

/** The open run as the ledger's caller, which brings Temporal's word where the record is lost (src/activities/runs.ts). */
export function callerOf(run: Run, owner: Run['owner'], restore = false): Caller {
  return { run: run.token, owner, restore };
}

/** Whether Temporal shows the run of this token to be the open one (src/activities/runs.ts). */
export function isOpen({ run }: State, token: number): boolean {
  return run.status === 'open' && run.token === token;
}

/** Asks again with Temporal's word where a verdict is to be had with it only (src/activities/runs.ts, takeStep). */
export function prove<V extends string>(take: (restore: boolean) => Taken<V>, restorable: readonly string[]): Taken<V> {
  const taken = take(false);
  return restorable.includes(taken.verdict) ? take(true) : taken;
}

export function withRun(s: State, change: Partial<Run>): State {
  return withState(s, { run: changeRun(s.run, change) });
}

/** The run is through with the message: nobody can answer it any more. */
export function complete(s: State, outcome: Run['outcome']): State {
  return { ...withRun(s, { status: 'completed', outcome, ...OVER }), answer: undefined };
}

/** What nobody asks a run that is over: forgotten, so that states that differ in nothing else are one. */
export const OVER = {
  phase: 'settle',
  from: undefined,
  never: false,
  ripe: false,
  absent: false,
  sure: false,
  attempt: 0,
  unrecorded: false,
} as const;

/** Temporal schedules the first attempt of a round. */
export function schedule(s: State, round: number): State {
  const { run } = s;
  const live = newAttempt(s, { token: run.token, owner: run.owner, round, attempt: 1, cleared: 0 });
  const next = withRun(s, {
    phase: 'reward',
    round,
    attempt: 0,
    never: false,
    ripe: false,
    absent: false,
    claimed: true,
    unrecorded: false,
    from: undefined,
  });
  return withState(next, { live, attempted: true });
}

/** The first task goes on with the first attempt. Temporal knows neither of this nor of the claim. */
export function scheduleInline(s: State): State {
  const { run } = s;
  const first = { token: run.token, owner: run.owner, round: 1, attempt: 1, cleared: 0 };
  const next = withRun(s, { phase: 'reward', round: 1, attempt: 0, never: false, ripe: false, unrecorded: true });
  return withState(next, { live: { ...newAttempt(s, first), inline: true } });
}

/** The worker dies in the first task, and with it all that it knew; another one begins it anew. */
export function loseTask(s: State): State {
  return withRun(s, { phase: 'seek', round: 0, outcome: undefined, claimed: false, from: undefined, ...NOTHING_KNOWN });
}

const NOTHING_KNOWN = { attempt: 0, never: false, ripe: false, sure: false, unrecorded: false } as const;

/** Whether intake has given the run a witness (src/intake/starter.ts): one that follows another has none. */
export function isWitnessed({ scope }: World, { run }: State): boolean {
  return scope.inline === true && run.id === 1 && run.origin === run.startedBy;
}

/** The run holds the message and cannot know what was sent. */
export function inDoubt(s: State, round: number, attempt = 0): State {
  return withRun(s, { phase: 'unknown', round, attempt, never: false, ripe: false, absent: false, from: undefined });
}

/** The reward takes effect, which the lookup may not know for some time. */
export function takesEffect({ scope }: World, s: State): State {
  return withState(s, { effects: s.effects + 1, behind: scope.lag === true ? 2 : 0 });
}

/** As long as a request may take effect passes. */
export function catchesUp({ behind }: State): Pick<State, 'behind'> {
  return { behind: Math.max(0, behind - 1) };
}

/** An attempt begins, as an execution with a nonce of its own. */
export function newAttempt(s: State, of: Pick<Attempt, 'token' | 'owner' | 'round' | 'attempt' | 'cleared'>): Attempt {
  const taken = [...s.zombies.map(({ id }) => id), s.live?.id];
  const id = [1, 2, 3].find((free) => !taken.includes(free)) ?? 0;
  const { token, owner, round, attempt, cleared } = of;
  return { id, token, owner, round, attempt, cleared, at: 'begin', expired: false, inline: false };
}

/** An execution is no more: its nonce is nobody's, so that the number can be given anew. */
export function endAttempt(s: State, ended: Attempt): State {
  const forget = (row: LedgerRow): LedgerRow => (row.nonce === ended.id ? { ...row, nonce: 0 } : row);
  return withState(s, {
    row: forget(s.row),
    saved: s.saved && forget(s.saved),
    live: s.live === ended ? undefined : s.live,
    zombies: s.zombies.includes(ended) ? s.zombies.filter((zombie) => zombie !== ended) : s.zombies,
  });
}

/** The execution goes on, with nobody waiting for it. Two at a time are as many as two faults can make. */
export function makeZombie(s: State, expired: boolean): State {
  if (s.live === undefined) return s;
  return withState(s, {
    live: undefined,
    zombies: sorted([...s.zombies, { ...s.live, expired: s.live.expired || expired }]),
  });
}

export function replaceAttempt(s: State, before: Attempt, after: Attempt): State {
  if (s.live === before) return withState(s, { live: after });
  return withState(s, { zombies: sorted(s.zombies.map((zombie) => (zombie === before ? after : zombie))) });
}

/** Zombies have no order: one name for the two ways of listing them. */
function sorted(zombies: readonly Attempt[]): readonly Attempt[] {
  return zombies.length < 2 ? zombies : [...zombies].sort((a, b) => attemptCode(a) - attemptCode(b)).slice(0, 2);
}
