import type { Contender } from './contenders/contender.js';
import { Crew } from './ground/crew.js';
import type { Ground } from './ground/ground.js';
import { drawIds, type Mode } from './ground/publishing.js';
import { type Cost, Meter } from './measure/meters.js';
import { type Percentiles, percentiles } from './measure/statistics.js';
import { MODES, setMode, warmUp } from './rounds.js';

/** How long a message takes from the hand of its producer to its reward, at a steady rate. */
export interface LatencyResult extends Percentiles {
  /** Messages a second. */
  readonly rate: number;
  /** Of all of its messages together. */
  readonly cost: Cost;
  readonly broken: readonly string[];
}

/** Messages a second, and for how long, in s. */
export interface Pace {
  readonly rate: number;
  readonly seconds: number;
}

/** The latencies of one contender at each pace, with one delivery and with two. */
export async function measureLatencies<Name extends string>(
  ground: Ground,
  contender: Contender,
  paces: Readonly<Record<Name, Pace>>,
  modes: readonly Mode[] = MODES,
): Promise<ReadonlyMap<Mode, Readonly<Record<Name, LatencyResult>>>> {
  const results = new Map<Mode, Record<Name, LatencyResult>>();
  const crew = await Crew.start(ground, contender);
  try {
    for (const mode of modes) {
      await setMode(ground, contender, mode);
      await warmUp(ground, crew, mode);
      const measured: Partial<Record<Name, LatencyResult>> = {};
      for (const [name, pace] of Object.entries<Pace>(paces)) {
        const result = await measurePace(ground, crew, mode, pace);
        measured[name as Name] = result;
        const { rate, p50, p95, p99 } = result;
        ground.say(`${contender.name}, ${mode}, ${rate}/s: p50 ${p50} p95 ${p95.toFixed(0)} p99 ${p99.toFixed(0)} ms`);
      }
      results.set(mode, measured as Record<Name, LatencyResult>);
    }
  } finally {
    await crew.stop();
  }
  return results;
}

async function measurePace(ground: Ground, crew: Crew, mode: Mode, { rate, seconds }: Pace): Promise<LatencyResult> {
  const { publishing, provider } = ground;
  const { signal } = crew;
  const ids = drawIds(Math.ceil(rate * seconds));
  const meter = await Meter.begin(ground, crew);
  const publishedAt = await publishing.stream(ids, rate, crew.contender.migration.topics, mode, signal);
  await provider.untilGranted(ids, ids.length, signal);
  await crew.untilAtRest();
  const cost = await meter.end();
  const latencies = [...provider.grants.of(ids)].map(([id, at]) => at - (publishedAt.get(id) ?? Number.NaN));
  return { rate, ...percentiles(latencies), cost, broken: provider.grants.notOnce(ids) };
}
