/** What several rounds came to. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly rounds: readonly number[];
}

/** @throws RangeError where there is nothing to sum up */
export function summarize(values: readonly number[]): Summary {
  return { median: quantile(values, 0.5), min: Math.min(...values), max: Math.max(...values), rounds: values };
}

/**
 * The value below which a part of all values lies, by linear interpolation between the two nearest ones.
 * @throws RangeError where there are no values
 */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * part;
  const [below, above] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  if (below === undefined || above === undefined) throw new RangeError('there are no values');
  return below + (above - below) * (at - Math.floor(at));
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The median of each name over records that need not all have it; what one lacks counts as 0 there. */
export function medianOfEach(records: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const names = [...new Set(records.flatMap((record) => Object.keys(record)))].sort();
  return Object.fromEntries(names.map((name) => [name, median(records.map((record) => record[name] ?? 0))]));
}

/** Percentiles of latencies, in ms; NaN where there are none. */
export interface Percentiles {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

export function percentiles(values: readonly number[]): Percentiles {
  const at = (part: number): number => (values.length === 0 ? Number.NaN : quantile(values, part));
  const [p50, p95, p99] = [at(0.5), at(0.95), at(0.99)];
  return { count: values.length, p50, p95, p99 };
}

/**
 * How many messages a second were granted, from when the workers set to work and the times of the grants (ms), in any order:
 * up to the last one, as the work is done only then. 0 where nothing was granted.
 */
export function rateOf(grantedAt: readonly number[], since: number): number {
  const last = Math.max(...grantedAt);
  return last > since ? (grantedAt.length * 1_000) / (last - since) : 0;
}
