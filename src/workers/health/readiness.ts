import type { Lasting } from '../../domain/flow/process-report.js';
import type { Log } from '../../domain/log.js';

/** What a part of the process says of itself now: sentences as `dependency: what is wrong`, none while all is well. */
export type Says = () => readonly string[];

/** A reason that goes away by itself within this time is not logged, in ms: every start has some. */
const SETTLES_MS = 5_000;
/** How often a reason is logged again while it lasts, in ms. */
const REPEAT_MS = 60_000;
const LOOK_EVERY_MS = 1_000;

interface Told {
  readonly since: number;
  toldAt: number | undefined;
}

/**
 * Why a process is not ready, gathered from its parts, and logged: once when a reason lasts, again every minute, and once
 * when it is gone. Without that, a process that waits is told from one that works by a look at /readyz only.
 */
export class Readiness {
  readonly #log: Log;
  readonly #now: () => number;
  readonly #reasons: Says[] = [];
  readonly #unchecked: Says[] = [];
  readonly #waits: Says[] = [];
  readonly #lasting = new Map<string, Told>();
  #timer: NodeJS.Timeout | undefined;

  /** `now`: a clock in ms that never goes back. */
  constructor(log: Log, now: () => number = () => performance.now()) {
    this.#log = log;
    this.#now = now;
  }

  /** Adds a part whose reasons make the process not ready. */
  add(says: Says): void {
    this.#reasons.push(says);
  }

  /** Adds a part that says what could not be checked yet. The process is ready all the same. */
  addUnchecked(says: Says): void {
    this.#unchecked.push(says);
  }

  /** Adds a part that says what work waits for outside of this process. It is ready all the same. */
  addWaits(says: Says): void {
    this.#waits.push(says);
  }

  /** Two parts may give the same reason, such as the ledger's own watch and what intake holds for. */
  get reasons(): readonly string[] {
    return [...new Set(this.#reasons.flatMap((says) => says()))];
  }

  /** The same, each with how long its subject has been one. */
  get lasting(): readonly Lasting[] {
    return this.#lastingOf(this.reasons, '');
  }

  /** What work waits for, and for how long. */
  get waits(): readonly Lasting[] {
    return this.#lastingOf(
      this.#waits.flatMap((says) => says()),
      'wait for ',
    );
  }

  /** What could not be checked yet, and is tried again. */
  get unchecked(): readonly string[] {
    return this.#unchecked.flatMap((says) => says());
  }

  /** Begins to log. */
  start(): void {
    this.#timer = setInterval(() => this.look(), LOOK_EVERY_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** One look at all reasons; logs what is due. */
  look(): void {
    const now = this.#now();
    const current = new Map<string, { readonly reason: string; readonly message: string }>();
    for (const reason of this.reasons) {
      // Two of one subject are one line: the second must not hide the first, such as a policy in doubt.
      const first = current.get(subjectOf(reason));
      const both = first === undefined ? reason : `${first.reason}; ${reason}`;
      current.set(subjectOf(reason), { reason: both, message: 'not ready' });
    }
    for (const reason of this.unchecked) {
      current.set(`unchecked ${subjectOf(reason)}`, { reason, message: 'not checked yet, trying again' });
    }
    for (const { what } of this.waits) {
      current.set(`wait for ${subjectOf(what)}`, { reason: what, message: 'ready, and work waits' });
    }
    for (const [key, { since, toldAt }] of this.#lasting) {
      if (current.has(key)) continue;
      this.#lasting.delete(key);
      if (toldAt !== undefined) this.#log.info({ dependency: key, seconds: secondsFrom(since, now) }, 'ready again');
    }
    for (const [key, { reason, message }] of current) {
      const lasting = this.#lasting.get(key) ?? { since: now, toldAt: undefined };
      this.#lasting.set(key, lasting);
      const due = lasting.toldAt === undefined ? lasting.since + SETTLES_MS : lasting.toldAt + REPEAT_MS;
      if (now < due) continue;
      lasting.toldAt = now;
      this.#log.warn({ reason, seconds: secondsFrom(lasting.since, now) }, message);
    }
  }

  #lastingOf(sentences: readonly string[], kind: '' | 'wait for '): readonly Lasting[] {
    const now = this.#now();
    return sentences.map((what) => ({
      what,
      forMs: now - (this.#lasting.get(`${kind}${subjectOf(what)}`)?.since ?? now),
    }));
  }
}

/** A reason's words may hold a count or a time, so it is its subject that tells whether it is the same one. */
function subjectOf(reason: string): string {
  return reason.split(':', 1)[0] ?? reason;
}

function secondsFrom(since: number, now: number): number {
  return Math.round((now - since) / 1_000);
}
