import type { Attempts } from './attempts.js';
import { type AllFigures, type Bar, barsOf, ratiosOf } from './bars.js';
import { BOUNDS, type Contender, type ContenderName } from './contenders/contender.js';
import { floor } from './contenders/rivals.js';
import { figuresOf } from './figures.js';
import type { BenchFlags } from './flags.js';
import { type Ground, makeRoom } from './ground/ground.js';
import type { Mode } from './ground/publishing.js';
import { type BacklogResult, type CrewGrowth, faceBacklog, playWith } from './growth.js';
import { type LatencyResult, measureLatencies } from './latency.js';
import { type LedgerSize, measureLedger } from './ledger-size.js';
import { median } from './measure/statistics.js';
import { MODES, playAll, type RoundResults } from './rounds.js';

/** What a run has measured. */
export interface Measured {
  readonly contenders: AllFigures;
  readonly ratios: Readonly<Record<string, number>>;
  readonly bars: readonly Bar[];
  /** The provider-less floor at 5 messages a second. */
  readonly floor: Pick<LatencyResult, 'p50' | 'p95' | 'p99'> | undefined;
  readonly growth: readonly CrewGrowth[];
  readonly backlog: readonly BacklogResult[];
  readonly ledger: LedgerSize | undefined;
  /** Messages that were not rewarded exactly once, and where. Empty, or the run has failed. */
  readonly broken: readonly string[];
}

const LOW = { rate: 5, seconds: 24 };
const HIGH_SECONDS = 15;
const LEAST_HIGH = 10;
const CREW_SIZES = [1, 2, 4];
const BACKLOGS = [1_000, 100_000];
const LEAST_PENDING = 90_000;

type Latencies = ReadonlyMap<Mode, Readonly<Record<string, LatencyResult>>>;

/** Measures the parts that the flags ask for, one after the other. */
export async function measureParts(
  ground: Ground,
  contenders: ReadonlyMap<ContenderName, Contender>,
  { parts, rounds, messages }: BenchFlags,
  attempts: Attempts,
): Promise<Measured> {
  const wants = (part: BenchFlags['parts'][number]): boolean => parts.includes(part);
  for (const [name, contender] of contenders) {
    await attempts.make(name, 'preparation', () => makeRoom(ground, contender));
  }

  const plan = { contenders, rounds, messages };
  const played: RoundResults = wants('rounds') ? await playAll(ground, plan, attempts) : new Map();
  const latencies = new Map<ContenderName, Latencies>();
  let floorLatency: LatencyResult | undefined;
  if (wants('latency')) {
    const high = { rate: highRate(played), seconds: HIGH_SECONDS };
    for (const [name, contender] of contenders) {
      // A bound answers the one bar that is about latency.
      const measured = await attempts.make<Latencies>(name, 'latency', () =>
        BOUNDS.has(name)
          ? measureLatencies(ground, contender, { low: LOW }, ['one'])
          : measureLatencies(ground, contender, { low: LOW, high }),
      );
      if (measured !== undefined) latencies.set(name, measured);
    }
    floorLatency = await attempts.make('floor', 'latency', () => measureFloor(ground));
  }
  const ours = attempts.isOut('handover') ? undefined : contenders.get('handover');
  const growth: CrewGrowth[] = [];
  for (const size of wants('growth') && ours !== undefined ? CREW_SIZES : []) {
    const part = `${size} workers a side`;
    growth.push(
      ...some(await attempts.make('growth', part, () => playWith(ground, ours as Contender, size, messages))),
    );
  }
  const ledger = wants('ledger') ? await attempts.make('ledger', 'size', () => measureLedger(ground)) : undefined;
  const backlog: BacklogResult[] = [];
  for (const [index, size] of wants('backlog') && ours !== undefined ? BACKLOGS.entries() : []) {
    const part = `${size} messages`;
    backlog.push(...some(await attempts.make('backlog', part, () => faceBacklog(ground, index + 1, size))));
  }

  const figures = gather(contenders, played, latencies);
  const [small, large] = backlog;
  const rest = {
    floorP50: floorLatency?.p50,
    ledgerBytes: ledger?.inAll,
    backlogRss: small && large && large.pending >= LEAST_PENDING ? { small: small.rss, large: large.rss } : undefined,
  };
  return {
    contenders: figures,
    ratios: ratiosOf(figures),
    bars: barsOf(figures, rest),
    floor: floorLatency,
    growth,
    backlog,
    ledger,
    // A second grant may have come when its round was over.
    broken: [...new Set([...brokenIn(played, latencies, [...growth, ...backlog]), ...ground.provider.grants.twice()])],
  };
}

async function measureFloor(ground: Ground): Promise<LatencyResult | undefined> {
  const bottom = floor();
  await makeRoom(ground, bottom);
  return (await measureLatencies(ground, bottom, { low: LOW }, ['one'])).get('one')?.low;
}

function some<T>(value: T | undefined): readonly T[] {
  return value === undefined ? [] : [value];
}

/** The figures of all contenders of which anything was measured. */
export function gather(
  contenders: ReadonlyMap<ContenderName, unknown>,
  played: RoundResults,
  latencies: ReadonlyMap<ContenderName, Latencies>,
): AllFigures {
  const names = [...contenders.keys()].filter(
    (name) => latencies.has(name) || MODES.some((mode) => (played.get(name)?.[mode] ?? []).length > 0),
  );
  return Object.fromEntries(
    names.map((name) => {
      const of = (mode: Mode) => figuresOf(played.get(name)?.[mode] ?? [], latencies.get(name)?.get(mode));
      return [name, { one: of('one'), double: of('double') }];
    }),
  );
}

/** Half of what the slowest does with two deliveries: a rate that is high, and that all can keep up with. */
export function highRate(played: RoundResults): number {
  const rates = [...played.values()].flatMap(({ double }) =>
    double.length === 0 ? [] : median(double.map(({ rate }) => rate)),
  );
  return rates.length === 0 ? LEAST_HIGH : Math.max(LEAST_HIGH, Math.floor(Math.min(...rates) / 2));
}

function brokenIn(
  played: RoundResults,
  latencies: ReadonlyMap<ContenderName, Latencies>,
  others: readonly { readonly broken: readonly string[] }[],
): readonly string[] {
  const ofRounds = [...played].flatMap(([name, byMode]) =>
    MODES.flatMap((mode) => byMode[mode].flatMap(({ broken }) => broken.map((what) => `${name}, ${mode}: ${what}`))),
  );
  const ofLatencies = [...latencies].flatMap(([name, byMode]) =>
    [...byMode.values()].flatMap((paces) =>
      Object.values(paces).flatMap(({ broken }) => broken.map((what) => `${name}: ${what}`)),
    ),
  );
  return [...ofRounds, ...ofLatencies, ...others.flatMap(({ broken }) => broken)];
}
