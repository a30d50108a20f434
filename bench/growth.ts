import type { Contender } from './contenders/contender.js';
import { handover } from './contenders/handover.js';
import { Crew } from './ground/crew.js';
import { type Ground, makeRoom } from './ground/ground.js';
import { drawIds } from './ground/publishing.js';
import { largestRss } from './measure/proc.js';
import { type Percentiles, percentiles } from './measure/statistics.js';
import { HALF, playRound, setMode, warmUp } from './rounds.js';

/** Throughput with more workers on the same machine. */
export interface CrewGrowth {
  readonly workersPerSide: number;
  /** Messages a second, double delivery. */
  readonly rate: number;
  readonly broken: readonly string[];
}

/** One round with so many workers a side. */
export async function playWith(
  ground: Ground,
  contender: Contender,
  workersPerSide: number,
  messages: number,
): Promise<CrewGrowth> {
  const crew = await Crew.start(ground, contender, workersPerSide);
  try {
    await setMode(ground, contender, 'double');
    await warmUp(ground, crew, 'double');
    const { rate, broken } = await playRound(ground, crew, 'double', messages);
    ground.say(`${workersPerSide} workers a side: ${rate.toFixed(0)} messages/s`);
    return { workersPerSide, rate, broken };
  } finally {
    await crew.stop();
  }
}

/** What a worker is like while so many messages lie before it. */
export interface BacklogResult {
  readonly backlog: number;
  /** Messages that were still pending when it was read. */
  readonly pending: number;
  /** The largest worker, in bytes. */
  readonly rss: number;
  /** From the start of a message's workflow to its reward, in ms: what the backlog itself must not lengthen. */
  readonly latency: Percentiles;
  /** Messages that were rewarded more than once. */
  readonly broken: readonly string[];
}

/** Both backlogs are read when so many messages of them have been rewarded. */
const READ_AT = 600;
const SAMPLE = 200;

/** Lays a backlog before both sides, starts fresh workers on it, and reads them while it is worked off; it is not drained. */
export async function faceBacklog(ground: Ground, nth: number, backlog: number): Promise<BacklogResult> {
  const { publishing, provider, folder, say } = ground;
  const contender = await handover(`bench-backlog-${nth}`, folder);
  await makeRoom(ground, contender);
  const preparing = await Crew.start(ground, contender);
  try {
    await contender.setShare?.(ground, HALF);
  } finally {
    await preparing.stop();
  }
  const ids = drawIds(backlog);
  say(`laying a backlog of ${backlog}`);
  const since = performance.now();
  await publishing.flood(ids, contender.migration.topics, 'double');
  say(`it lies before both sides (${((performance.now() - since) / 1_000).toFixed(1)} s)`);
  const crew = await Crew.start(ground, contender);
  try {
    await provider.untilGranted(ids, READ_AT, crew.signal);
    const rss = largestRss(crew.pids);
    const granted = provider.grants.of(ids);
    const latency = percentiles(await sinceStart(ground, [...granted].slice(0, SAMPLE)));
    const broken = provider.grants.notOnce([...granted.keys()]);
    return { backlog, pending: backlog - granted.size, rss, latency, broken };
  } finally {
    await crew.stop();
  }
}

async function sinceStart(
  { client }: Ground,
  granted: readonly (readonly [messageId: string, at: number])[],
): Promise<readonly number[]> {
  return Promise.all(
    granted.map(async ([messageId, at]) => {
      const { startTime } = await client.workflow.getHandle(messageId).describe();
      return at - startTime.getTime();
    }),
  );
}
