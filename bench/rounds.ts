import type { Attempts } from './attempts.js';
import type { Contender, ContenderName } from './contenders/contender.js';
import { Crew } from './ground/crew.js';
import type { Ground } from './ground/ground.js';
import { drawIds, type Mode } from './ground/publishing.js';
import { type HistoryCost, measureHistories } from './measure/histories.js';
import { type Cost, Meter } from './measure/meters.js';
import { largestRss } from './measure/proc.js';
import { rateOf } from './measure/statistics.js';

/** What one throughput round of a contender came to. */
export interface RoundResult {
  readonly messages: number;
  /** Messages a second, see `rateOf`. */
  readonly rate: number;
  /** Of all of its messages together. */
  readonly cost: Cost;
  /** Undefined where no message has a workflow in Temporal. */
  readonly history: HistoryCost | undefined;
  /** The largest worker, when the round was over, in bytes. */
  readonly rss: number;
  /** Messages that were not rewarded exactly once. */
  readonly broken: readonly string[];
}

export type RoundResults = ReadonlyMap<ContenderName, Readonly<Record<Mode, readonly RoundResult[]>>>;

export const MODES: readonly Mode[] = ['one', 'double'];
/** Of a hundred percent, when both sides bring every message: as in the middle of a migration. */
export const HALF = 5_000;

const WARM_UP = 60;
const SAMPLE = 20;

/** Sets the share that goes with a mode: with one delivery all is Kafka's. */
export async function setMode(ground: Ground, contender: Contender, mode: Mode): Promise<void> {
  await contender.setShare?.(ground, mode === 'double' ? HALF : 0);
}

/** Has a crew reward a few messages, so that what is measured afterwards is not the compiling of its code. */
export async function warmUp(ground: Ground, crew: Crew, mode: Mode): Promise<void> {
  const ids = drawIds(WARM_UP);
  await ground.publishing.flood(ids, crew.contender.migration.topics, mode);
  await ground.provider.untilGranted(ids, ids.length, crew.signal);
  await crew.untilAtRest();
}

/** One round: a backlog is laid while the crew is halted, and measured is how it is worked off. */
export async function playRound(ground: Ground, crew: Crew, mode: Mode, messages: number): Promise<RoundResult> {
  const { provider, publishing, client } = ground;
  const { contender, signal } = crew;
  const ids = drawIds(messages);
  const meter = await Meter.begin(ground, crew);
  crew.halt();
  try {
    await publishing.flood(ids, contender.migration.topics, mode);
    await meter.leaveOut();
  } finally {
    crew.go();
  }
  const since = Date.now();
  await provider.untilGranted(ids, ids.length, signal);
  await crew.untilAtRest();
  const cost = await meter.end();
  const granted = provider.grants.of(ids);
  // One that was not rewarded need not have a workflow.
  const sample = [...granted.keys()].filter((_, index) => index % Math.ceil(messages / SAMPLE) === 0);
  return {
    messages,
    rate: rateOf([...granted.values()], since),
    cost,
    history: contender.inTemporal && sample.length > 0 ? await measureHistories(client, sample) : undefined,
    rss: largestRss(crew.pids),
    broken: provider.grants.notOnce(ids),
  };
}

export interface RoundsPlan {
  readonly contenders: ReadonlyMap<ContenderName, Contender>;
  readonly rounds: number;
  readonly messages: number;
}

/**
 * All rounds of all contenders, interleaved: what the machine does meanwhile hits all of them alike. In each round a
 * contender's workers are started anew and warmed up, and play one round of each mode. One that fails plays no more; what
 * it has played before is told all the same.
 */
export async function playAll(ground: Ground, plan: RoundsPlan, attempts: Attempts): Promise<RoundResults> {
  const { contenders, rounds, messages } = plan;
  const results = new Map([...contenders.keys()].map((name) => [name, { one: [], double: [] } as Played]));
  const order = [...contenders];
  for (let round = 1; round <= rounds; round += 1) {
    for (const [name, contender] of order) {
      await attempts.make(name, `round ${round}`, () =>
        playModes(ground, contender, messages, (mode, result) => {
          results.get(name)?.[mode].push(result);
          ground.say(`round ${round}, ${name}, ${mode}: ${result.rate.toFixed(0)} messages/s`);
        }),
      );
    }
    // Servers grow slower with what they hold, so nobody comes first each time.
    order.push(...order.splice(0, 1));
  }
  return results;
}

async function playModes(
  ground: Ground,
  contender: Contender,
  messages: number,
  tell: (mode: Mode, result: RoundResult) => void,
): Promise<void> {
  const crew = await Crew.start(ground, contender);
  try {
    for (const mode of MODES) {
      await setMode(ground, contender, mode);
      await warmUp(ground, crew, mode);
      tell(mode, await playRound(ground, crew, mode, messages));
    }
  } finally {
    await crew.stop();
  }
}

interface Played {
  readonly one: RoundResult[];
  readonly double: RoundResult[];
}
