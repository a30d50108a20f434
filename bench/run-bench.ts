import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AllFigures, type Bar, barsOf, ratiosOf } from './bars.js';
import { chooseContenders, type Skipped } from './contenders/choose.js';
import type { Contender, ContenderName } from './contenders/contender.js';
import { floor } from './contenders/rivals.js';
import { figuresOf } from './figures.js';
import type { BenchFlags } from './flags.js';
import { type Ground, makeRoom, onGround } from './ground.js';
import { type BacklogResult, type CrewGrowth, faceBacklog, growCrew } from './growth.js';
import { type LatencyResult, measureLatencies } from './latency.js';
import { type LedgerSize, measureLedger } from './ledger-size.js';
import { median } from './measure/statistics.js';
import type { Mode } from './publishing.js';
import { MODES, playAll, type RoundResults } from './rounds.js';

export interface BenchReport {
  readonly contenders: AllFigures;
  readonly ratios: Readonly<Record<string, number>>;
  readonly bars: readonly Bar[];
  readonly skipped: readonly Skipped[];
  /** The provider-less floor at 5 messages a second. */
  readonly floor: Pick<LatencyResult, 'p50' | 'p95' | 'p99'> | undefined;
  readonly growth: readonly CrewGrowth[];
  readonly backlog: readonly BacklogResult[];
  readonly ledger: LedgerSize | undefined;
  /** Messages that were not rewarded exactly once, and where. Empty, or the run has failed. */
  readonly broken: readonly string[];
  readonly temporal: BenchFlags['temporal'];
  readonly seconds: number;
}

const LOW = { rate: 5, seconds: 24 };
const HIGH_SECONDS = 15;
const LEAST_HIGH = 10;
const CREW_SIZES = [1, 2, 4];
const BACKLOGS = [1_000, 100_000];
const LEAST_PENDING = 90_000;

type Latencies = ReadonlyMap<Mode, Readonly<Record<string, LatencyResult>>>;

/** Runs what the flags ask for. `say`: progress, for people. */
export async function runBench(
  flags: BenchFlags,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<BenchReport> {
  const startedAt = performance.now();
  const folder = await mkdtemp(join(tmpdir(), 'handover-bench-'));
  try {
    const { chosen, skipped } = await chooseContenders(flags.contenders, folder);
    const { instance, temporal } = flags;
    const options = { instance, temporal, wantsPostgres: chosen.has('dbos'), say, signal };
    return await onGround(options, async (ground) => {
      const contenders = new Map(chosen);
      if (ground.postgres === undefined && contenders.delete('dbos')) {
        skipped.push({ name: 'dbos', reason: 'PostgreSQL is not installed' });
      }
      const parts = await measureParts(ground, contenders, flags);
      return { ...parts, skipped, temporal, seconds: (performance.now() - startedAt) / 1_000 };
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measureParts(
  ground: Ground,
  contenders: ReadonlyMap<ContenderName, Contender>,
  { parts, rounds, messages }: BenchFlags,
): Promise<Omit<BenchReport, 'skipped' | 'temporal' | 'seconds'>> {
  const wants = (part: BenchFlags['parts'][number]): boolean => parts.includes(part);
  for (const contender of contenders.values()) await makeRoom(ground, contender);

  const played: RoundResults = wants('rounds') ? await playAll(ground, { contenders, rounds, messages }) : new Map();
  const latencies = new Map<ContenderName, Latencies>();
  let floorLatency: LatencyResult | undefined;
  if (wants('latency')) {
    const paces = { low: LOW, high: { rate: highRate(played), seconds: HIGH_SECONDS } };
    for (const [name, contender] of contenders) {
      latencies.set(name, await measureLatencies(ground, contender, paces));
    }
    const bottom = floor();
    await makeRoom(ground, bottom);
    floorLatency = (await measureLatencies(ground, bottom, { low: LOW }, ['one'])).get('one')?.low;
  }
  const ours = contenders.get('handover');
  const growth = wants('growth') && ours !== undefined ? await growCrew(ground, ours, CREW_SIZES, messages) : [];
  const ledger = wants('ledger') ? await measureLedger(ground) : undefined;
  const backlog: BacklogResult[] = [];
  if (wants('backlog') && ours !== undefined) {
    for (const [index, size] of BACKLOGS.entries()) backlog.push(await faceBacklog(ground, index + 1, size));
  }

  const figures = Object.fromEntries(
    [...played].map(([name, byMode]) => [
      name,
      Object.fromEntries(MODES.map((mode) => [mode, figuresOf(byMode[mode], latencies.get(name)?.get(mode))])),
    ]),
  ) as AllFigures;
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

/** Half of what the slowest does with two deliveries: a rate that is high, and that all can keep up with. */
function highRate(played: RoundResults): number {
  const rates = [...played.values()].map(({ double }) => median(double.map(({ rate }) => rate)));
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
