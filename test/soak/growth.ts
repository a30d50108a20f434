/** What one process was seen to hold. */
export interface Sample {
  /** ms since the epoch. */
  readonly at: number;
  /** Bytes on the heaps of all its threads, after a forced collection. */
  readonly heap: number;
  /** Threads that have answered beside the main one. */
  readonly threads: number;
  /** Sockets, pipes, servers, channels; no timers, as every wait has one. */
  readonly handles: number;
}

export interface Growth {
  readonly samples: number;
  /** By least squares over all samples, as a part of the value at the first one, in 10 minutes. */
  readonly heap: number;
  readonly handles: number;
}

const TEN_MINUTES_MS = 10 * 60_000;

/**
 * How fast it grows after the first `warmUpMs`.
 * @returns undefined with fewer than three samples after that, as a line through two says nothing.
 */
export function growthOf(samples: readonly Sample[], warmUpMs: number): Growth | undefined {
  const startedAt = samples[0]?.at ?? 0;
  const warm = samples.filter(({ at }) => at - startedAt >= warmUpMs);
  // A thread that was too busy to answer would look like memory that was given back.
  const threads = Math.max(...warm.map((sample) => sample.threads));
  const whole = warm.filter((sample) => sample.threads === threads);
  if (whole.length < 3) return undefined;
  const of = (value: (sample: Sample) => number): number => relativeSlope(whole.map((s) => [s.at, value(s)]));
  return { samples: whole.length, heap: of(({ heap }) => heap), handles: of(({ handles }) => handles) };
}

/** The slope of the line of least squares in 10 minutes, as a part of where the line begins. */
function relativeSlope(points: readonly (readonly [number, number])[]): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, one) => sum + one, 0) / values.length;
  const [meanX, meanY] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))];
  const above = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  const below = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  const slope = above / below;
  const start = meanY + slope * ((points[0]?.[0] ?? meanX) - meanX);
  return start === 0 ? 0 : (slope * TEN_MINUTES_MS) / start;
}
