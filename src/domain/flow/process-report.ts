/** Something that lasts, in words, and for how long, in ms. */
export interface Lasting {
  readonly what: string;
  readonly forMs: number;
}

/** How many deliveries are in a stage, and for how long the oldest of them has been, in ms. */
export interface StageReport {
  /** A stage of `domain/flow/flow.ts`, of whatever build tells of it. */
  readonly stage: string;
  readonly count: number;
  readonly forMs: number;
}

export interface InHandReport {
  readonly stages: readonly StageReport[];
  /** For how long nothing was accepted although something is in hand, in ms; absent while nothing is. */
  readonly quietMs?: number;
}

/**
 * What one process tells people of itself by way of Redis. All times are durations: what reads it has another clock, and
 * a moment by the clock of a machine that is hours ahead would make a fresh fault an old one.
 */
export interface ProcessReport {
  /** Whether it consumes; one that does not runs workflows and rewards only. */
  readonly consumes: boolean;
  /** Where it serves /readyz, as `host:port`. */
  readonly http: string;
  /** Why it is not ready. */
  readonly reasons: readonly Lasting[];
  /** What its intake holds for, ready or not. */
  readonly holds: readonly Lasting[];
  /** What could not be checked yet. */
  readonly unchecked: readonly string[];
  readonly inHand: InHandReport;
}

/** A report as it is found. */
export interface FoundReport {
  readonly processId: string;
  /** How long ago it was told, in ms of Redis time, and when that was, in ms since the epoch. */
  readonly ageMs: number;
  readonly at: number;
  /** Undefined: what is there cannot be read. */
  readonly report: ProcessReport | undefined;
}

/** A process that is well tells of itself each second. One that has been silent for so long is gone, or hangs. In ms. */
export const SILENT_AFTER_MS = 10_000;

/** Reads what a process of any build has told. What is missing in it is nothing; what is no report at all is undefined. */
export function readReport(text: string): ProcessReport | undefined {
  let told: unknown;
  try {
    told = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof told !== 'object' || told === null || Array.isArray(told)) return undefined;
  const { consumes, http, reasons, holds, unchecked, inHand } = told as Record<string, unknown>;
  const { stages, quietMs } = (typeof inHand === 'object' && inHand !== null ? inHand : {}) as Record<string, unknown>;
  return {
    consumes: consumes === true,
    http: typeof http === 'string' ? http : '',
    reasons: listOf(reasons, isLasting),
    holds: listOf(holds, isLasting),
    unchecked: listOf(unchecked, (item) => typeof item === 'string'),
    inHand: { stages: listOf(stages, isStageReport), ...(isNumber(quietMs) && { quietMs }) },
  };
}

function listOf<T>(value: unknown, is: (item: unknown) => item is T): readonly T[] {
  return Array.isArray(value) ? value.filter(is) : [];
}

function isLasting(item: unknown): item is Lasting {
  const { what, forMs } = (item ?? {}) as Partial<Lasting>;
  return typeof what === 'string' && isNumber(forMs);
}

function isStageReport(item: unknown): item is StageReport {
  const { stage, count, forMs } = (item ?? {}) as Partial<StageReport>;
  return typeof stage === 'string' && isNumber(count) && isNumber(forMs);
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
