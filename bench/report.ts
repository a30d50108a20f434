import { type Figures, hasPlayed, type RoundFigures } from './figures.js';
import { totalOf } from './measure/prometheus.js';
import { MODES } from './rounds.js';
import type { BenchReport } from './run-bench.js';

const MIB = 1 << 20;

/** The report as tables for people. */
export function describeReport(report: BenchReport): readonly string[] {
  const { contenders, bars, skipped, failed, floor, growth, backlog, ledger, broken, temporal, seconds } = report;
  return [
    ...Object.entries(contenders).flatMap(([name, byMode]) => [
      '',
      ...MODES.flatMap((mode) => describeFigures(`${name}, ${mode}`, byMode[mode])),
    ]),
    ...(floor === undefined ? [] : ['', `floor at 5/s: p50 ${floor.p50} ms, p95 ${round(floor.p95)} ms`]),
    ...growth.map(({ workersPerSide, rate }) => `${workersPerSide} workers a side: ${round(rate)} messages/s`),
    ...backlog.map(({ backlog, pending, rss, latency }) => {
      const at = `p50 ${round(latency.p50)} ms, p95 ${round(latency.p95)} ms from start to grant`;
      return `backlog of ${backlog}, ${pending} pending: ${round(rss / MIB)} MiB, ${at}`;
    }),
    ...(ledger === undefined
      ? []
      : [
          `settled record: ${round(ledger.record)} bytes by MEMORY USAGE, ${round(ledger.inAll)} in all`,
          `  a bare text of 12 bytes: ${round(ledger.bare.record)}, ${round(ledger.bare.inAll)} in all`,
        ]),
    '',
    ...bars.map(({ name, value, bar, ok }) => `${ok ? 'reached' : 'MISSED '}  ${name}: ${round(value)} (bar ${bar})`),
    ...skipped.map(({ name, reason }) => `${failed.includes(name) ? 'FAILED ' : 'skipped'}  ${name}: ${reason}`),
    ...broken.map((what) => `NOT REWARDED EXACTLY ONCE  ${what}`),
    '',
    `It took ${Math.round(seconds)} s, with Temporal on ${temporal === 'dev' ? 'its development server' : 'PostgreSQL'}.`,
  ];
}

function describeFigures(title: string, figures: Figures): readonly string[] {
  return [
    ...(hasPlayed(figures) ? describeRounds(title, figures) : [title]),
    ...Object.entries(figures.latency).map(([pace, { rate, p50, p95, p99, startsPerMessage, temporalRequests }]) => {
      const more = `${round(startsPerMessage)} starts, ${round(temporalRequests)} requests`;
      return `  ${pace} (${rate}/s): p50 ${round(p50)} p95 ${round(p95)} p99 ${round(p99)} ms; ${more}`;
    }),
  ];
}

function describeRounds(title: string, figures: RoundFigures): readonly string[] {
  const { messagesPerSecond: rate, cpuMs } = figures;
  return [
    `${title}: ${round(rate.median)} messages/s (${round(rate.min)} to ${round(rate.max)})`,
    `  CPU ${round(totalOf(cpuMs))} ms a message: ${list(cpuMs)}; ${round(figures.elsewhere * 100)} % went elsewhere`,
    ...(figures.historyEvents === undefined
      ? []
      : [
          `  ${round(figures.historyEvents)} history events of ${round(figures.historyBytes ?? 0)} bytes, ` +
            `${round(figures.stateTransitions ?? 0)} state transitions, ${round(figures.temporalRequests)} requests to Temporal ` +
            `(${list(figures.temporalRequestsByKind)}), ${round(figures.temporalPolls)} polls`,
        ]),
    `  Redis ${round(figures.redisCommands)} commands (${list(figures.redisCommandsByKind)}), ` +
      `${round(figures.redisBytesIn)} bytes in, ${round(figures.redisBytesOut)} out`,
    ...(Object.keys(figures.accepted).length === 0 ? [] : [`  deliveries: ${list(figures.accepted)}`]),
    `  worker ${round(figures.workerRss / MIB)} MiB`,
  ];
}

function list(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .filter(([, count]) => count >= 0.005)
    .map(([name, count]) => `${name} ${round(count)}`)
    .join(', ');
}

function round(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(2).replace(/\.?0+$/, '');
}
