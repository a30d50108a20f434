import { STAGE_NAMES, unaccepted } from '../../domain/flow/flow.js';
import type { InHandReport, Lasting } from '../../domain/flow/process-report.js';
import {
  findStall,
  type IntakeLook,
  NO_PROGRESS,
  observe,
  type Progress,
  type Stall,
  subjectOf,
  WAITS_FOR,
} from '../../domain/flow/stall.js';
import type { Log } from '../../domain/log.js';

/** How often is looked, and how often what lasts is told again, in ms. */
const EVERY_MS = 1_000;
const TOLD_EVERY_MS = 60_000;

/** Something that keeps intake from going on, and that is no fault of its own. */
export interface Hold {
  readonly what: string;
  /** ISO 8601. */
  readonly since: string;
}

export interface StallWatchOptions {
  readonly look: () => Omit<IntakeLook, 'now'>;
  /** The throttle's hold, if it holds: what for, and since when (ms since the epoch). */
  readonly throttle: () => { readonly what: string; readonly since: number } | undefined;
  /** How long intake may stand still, in ms. */
  readonly afterMs: number;
  readonly log: Log;
}

/** Sees and says when intake stands still: with a hold that explains it, or without one, which is a fault. */
export class StallWatch {
  readonly #options: StallWatchOptions;
  #progress: Progress = NO_PROGRESS;
  #latest: IntakeLook;
  #stall: Stall | undefined;
  #toldAt = performance.now();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: StallWatchOptions) {
    this.#options = options;
    this.#latest = { ...options.look(), now: performance.now() };
  }

  start(): void {
    this.look();
    this.#timer = setInterval(() => this.look(), EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Why this process is not ready, as one sentence; undefined while nothing is wrong with its intake. */
  get reason(): string | undefined {
    if (this.#stall === undefined) return undefined;
    const seconds = Math.round((performance.now() - this.#stall.since) / 1000);
    const stages = STAGE_NAMES.flatMap((stage) => {
      const count = this.#latest.census[stage];
      return count > 0 ? [`${count} ${stage}`] : [];
    }).join(', ');
    const fact =
      this.#stall.what === 'nothing-accepted'
        ? `nothing was accepted for ${seconds} s with ${stages}, and no dependency is away`
        : `a delivery has been ${this.#stall.stage} for ${seconds} s and does not come to an end, with ${stages}; nothing is away that it needs (${WAITS_FOR[this.#stall.stage]})`;
    return `intake stands still: ${fact}; this is a fault of handover: keep the log, restart the worker`;
  }

  /** What intake holds for, of which each is told by its own part as well. */
  get holds(): readonly Hold[] {
    const throttle = this.#options.throttle();
    const now = performance.now();
    const dependencies = this.#latest.holds.map((hold) => ({
      what: hold.what,
      since: wallTime(this.#progress.holds.get(subjectOf(hold)) ?? now),
    }));
    return throttle === undefined
      ? dependencies
      : [...dependencies, { what: throttle.what, since: new Date(throttle.since).toISOString() }];
  }

  /** Seconds since the last acceptance while anything is in hand; undefined while nothing is. */
  get quietSeconds(): number | undefined {
    const { quietSince } = this.#progress;
    return quietSince === undefined ? undefined : (performance.now() - quietSince) / 1000;
  }

  /** What it has in hand by stage, for how long the oldest of each is in it, and for how long nothing was accepted. */
  get inHand(): InHandReport {
    const now = performance.now();
    const { census, oldest } = this.#latest;
    const { quietSince } = this.#progress;
    const stages = STAGE_NAMES.flatMap((stage) =>
      census[stage] === 0 ? [] : [{ stage, count: census[stage], forMs: Math.round(now - (oldest[stage] ?? now)) }],
    );
    return { stages, ...(quietSince !== undefined && { quietMs: Math.round(now - quietSince) }) };
  }

  /** The holds as they are told elsewhere, where this machine's clock counts for nothing. */
  get lasting(): readonly Lasting[] {
    return this.holds.map(({ what, since }) => ({ what, forMs: Math.max(0, Date.now() - Date.parse(since)) }));
  }

  look(): void {
    const now = performance.now();
    this.#latest = { ...this.#options.look(), now };
    this.#progress = observe(this.#progress, this.#latest);
    const stall = findStall(this.#progress, this.#latest, this.#options.afterMs);
    const ended = this.#stall !== undefined && stall === undefined;
    const began = this.#stall === undefined && stall !== undefined;
    this.#stall = stall;
    const { log } = this.#options;
    if (ended) log.info({ event: 'intake-goes-on', stages: this.#latest.census }, 'intake goes on');
    if (began) this.#tell(now);
    else if (now - this.#toldAt >= TOLD_EVERY_MS) this.#tell(now);
  }

  #tell(now: number): void {
    const { log } = this.#options;
    const { census, holds, throttled } = this.#latest;
    this.#toldAt = now;
    const fields = { stages: census, quietSeconds: Math.round(this.quietSeconds ?? 0), holds: this.holds };
    if (this.#stall !== undefined) {
      log.error({ event: 'intake-stalled', since: wallTime(this.#stall.since), ...fields }, this.reason ?? '');
    } else if ((holds.length > 0 || throttled) && unaccepted(census) > 0) {
      log.warn({ event: 'intake-holds', ...fields }, 'intake still holds');
    }
  }
}

function wallTime(monotonic: number): string {
  return new Date(Date.now() - (performance.now() - monotonic)).toISOString();
}
