import type { LatencyResult } from './latency.js';
import type { HistoryCost } from './measure/histories.js';
import type { Cost } from './measure/meters.js';
import { per, totalOf } from './measure/prometheus.js';
import { median, medianOfEach, type Summary, summarize } from './measure/statistics.js';
import type { RoundResult } from './rounds.js';

/** What throughput rounds of one contender in one mode came to; whatever is per message is the median of the rounds. */
export interface RoundFigures {
  readonly messagesPerSecond: Summary;
  /** Time on the processors per message by who took it, in ms. */
  readonly cpuMs: Readonly<Record<string, number>>;
  /** The part of the machine that went elsewhere meanwhile, 0 to 1: where it is large, rates say little. */
  readonly elsewhere: number;
  /** Requests per message from the workers to Temporal, without those that are made by the clock; polls are apart. */
  readonly temporalRequests: number;
  /** All of them by kind. */
  readonly temporalRequestsByKind: Readonly<Record<string, number>>;
  readonly temporalPolls: number;
  /** Events in the history of a message's workflow, its bytes, and state transitions; undefined where it has none. */
  readonly historyEvents: number | undefined;
  readonly historyBytes: number | undefined;
  readonly stateTransitions: number | undefined;
  readonly redisCommands: number;
  readonly redisCommandsByKind: Readonly<Record<string, number>>;
  readonly redisBytesIn: number;
  readonly redisBytesOut: number;
  /** Deliveries per message by what became of them; empty where the contender does not tell. */
  readonly accepted: Readonly<Record<string, number>>;
  /** The largest worker at the end of a round, in bytes. */
  readonly workerRss: number;
}

/** The figures of one contender in one mode; those of rounds where it has played any. */
export interface Figures extends Partial<RoundFigures> {
  /** Publish to grant at steady rates, in ms. */
  readonly latency: Readonly<Record<string, LatencyFigures>>;
}

export interface LatencyFigures {
  readonly rate: number;
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  /** Requests per message to start a workflow; above 1 where a later delivery asks in vain. */
  readonly startsPerMessage: number;
  readonly temporalRequests: number;
}

/** What a worker asks every few seconds, however many messages there are. */
const BY_THE_CLOCK: ReadonlySet<string> = new Set([
  'QueryWorkflow',
  'RespondQueryTaskCompleted',
  'RecordWorkerHeartbeat',
  'DescribeNamespace',
  'ListWorkflowExecutions',
  'GetSystemInfo',
]);

const START_REQUESTS = ['StartWorkflowExecution', 'SignalWithStartWorkflowExecution'];

export function figuresOf(
  rounds: readonly RoundResult[],
  latencies: Readonly<Record<string, LatencyResult>> = {},
): Figures {
  const latency = Object.fromEntries(Object.entries(latencies).map(([pace, result]) => [pace, latencyFigures(result)]));
  return { ...(rounds.length > 0 && figuresOfRounds(rounds)), latency };
}

export function hasPlayed(figures: Figures): figures is Figures & RoundFigures {
  return figures.messagesPerSecond !== undefined;
}

function figuresOfRounds(rounds: readonly RoundResult[]): RoundFigures {
  const perMessage = (counts: (round: RoundResult) => Readonly<Record<string, number>>): Record<string, number> =>
    medianOfEach(rounds.map((round) => per(counts(round), round.messages)));
  const each = (count: (round: RoundResult) => number): number =>
    median(rounds.map((round) => count(round) / round.messages));
  const ofHistory = (part: keyof HistoryCost): number | undefined => {
    const values = rounds.flatMap(({ history }) => history?.[part] ?? []);
    return values.length === 0 ? undefined : median(values);
  };
  return {
    messagesPerSecond: summarize(rounds.map(({ rate }) => rate)),
    cpuMs: perMessage(({ cost }) => cost.cpuMs),
    elsewhere: median(rounds.map(({ cost }) => cost.elsewhere)),
    temporalRequests: each(({ cost }) => requestsOf(cost)),
    temporalRequestsByKind: perMessage(({ cost }) => cost.requests),
    temporalPolls: each(({ cost }) => totalOf(cost.polls)),
    historyEvents: ofHistory('events'),
    historyBytes: ofHistory('bytes'),
    stateTransitions: ofHistory('stateTransitions'),
    redisCommands: each(({ cost }) => totalOf(cost.redisCalls)),
    redisCommandsByKind: perMessage(({ cost }) => cost.redisCalls),
    redisBytesIn: each(({ cost }) => cost.redisBytesIn),
    redisBytesOut: each(({ cost }) => cost.redisBytesOut),
    accepted: perMessage(({ cost }) => cost.accepted),
    workerRss: median(rounds.map(({ rss }) => rss)),
  };
}

function latencyFigures({ rate, count, p50, p95, p99, cost }: LatencyResult): LatencyFigures {
  const starts = START_REQUESTS.reduce((sum, kind) => sum + (cost.requests[kind] ?? 0), 0);
  return {
    ...{ rate, count, p50, p95, p99 },
    startsPerMessage: starts / count,
    temporalRequests: requestsOf(cost) / count,
  };
}

/** Of all requests those that messages have caused. */
function requestsOf({ requests }: Cost): number {
  return totalOf(Object.fromEntries(Object.entries(requests).filter(([kind]) => !BY_THE_CLOCK.has(kind))));
}
