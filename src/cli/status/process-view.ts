import { type FoundReport, type Lasting, type ProcessReport, SILENT_AFTER_MS } from '../../domain/process-report.js';
import { WAITS_FOR } from '../../domain/stall.js';
import { describeDuration } from '../duration.js';
import { inOneLine, instant } from '../table.js';
import { adviceOn } from './advice.js';

/** Something that lasts. */
export interface LastingView {
  readonly what: string;
  readonly since: string;
}

/** What one process of a side has told last. Instants by the clock of Redis. */
export interface ProcessView {
  readonly process: string;
  /** `silent`: it has told nothing of late, so all that follows is what it told last. `unreadable`: of another build. */
  readonly state: 'ready' | 'not-ready' | 'silent' | 'unreadable';
  readonly reportedAt: string;
  readonly consumes: boolean;
  /** Where it serves /readyz; null if that is not known. */
  readonly http: string | null;
  readonly reasons: readonly LastingView[];
  readonly holds: readonly LastingView[];
  readonly unchecked: readonly string[];
  /** Its deliveries by stage, what they wait for (null: of a build that is not this one), and since when. */
  readonly inHand: readonly {
    readonly stage: string;
    readonly count: number;
    readonly waitsFor: string | null;
    readonly since: string;
  }[];
  /** Since when nothing was accepted although something is in hand; null while nothing is. */
  readonly nothingAcceptedSince: string | null;
}

const SAYS_NOTHING: ProcessReport = {
  consumes: false,
  http: '',
  reasons: [],
  holds: [],
  unchecked: [],
  inHand: { stages: [] },
};

export function viewProcess({ processId, at, ageMs, report }: FoundReport): ProcessView {
  const { consumes, http, reasons, holds, unchecked, inHand } = report ?? SAYS_NOTHING;
  const { quietMs } = inHand;
  const since = (forMs: number): string => instant(at - forMs);
  const lasting = ({ what, forMs }: Lasting): LastingView => ({ what: inOneLine(what), since: since(forMs) });
  return {
    process: processId,
    state: stateOf(ageMs, report),
    reportedAt: instant(at),
    consumes,
    http: http === '' ? null : http,
    reasons: reasons.map(lasting),
    holds: holds.map(lasting),
    unchecked,
    inHand: inHand.stages.map(({ stage, count, forMs }) => ({
      stage,
      count,
      waitsFor: new Map<string, string>(Object.entries(WAITS_FOR)).get(stage) ?? null,
      since: since(forMs),
    })),
    nothingAcceptedSince: quietMs === undefined ? null : since(quietMs),
  };
}

function stateOf(ageMs: number, report: ProcessReport | undefined): ProcessView['state'] {
  if (ageMs > SILENT_AFTER_MS) return 'silent';
  if (report === undefined) return 'unreadable';
  return report.reasons.length > 0 ? 'not-ready' : 'ready';
}

/** Of processes that are silent, no more than so many are named: one that is killed again and again leaves a name each time. */
const MOST_SILENT = 3;

/** The processes of a side, each with what is wrong, since when, and what to do. `now`: by the clock of Redis, ms. */
export function describeProcesses(processes: readonly ProcessView[], now: number): readonly string[] {
  const silent = processes.filter(({ state }) => state === 'silent');
  const named = processes.filter((view) => view.state !== 'silent' || silent.indexOf(view) < MOST_SILENT);
  const more = silent.length - MOST_SILENT;
  return [
    ...named.flatMap((view) => describeProcess(view, now)),
    ...(more > 0 ? [`  and ${more} more that are silent: --json names them`] : []),
  ];
}

function describeProcess(view: ProcessView, now: number): readonly string[] {
  const { process, state, reportedAt, consumes, http, reasons, holds, unchecked } = view;
  const name = inOneLine(process);
  const ago = (at: string): string => describeDuration(now - Date.parse(at));
  if (state === 'unreadable')
    return [`  ${name}: what it tells cannot be read; it is of another build: ask its /readyz`];
  if (state === 'silent') {
    return [
      `  ${name}: silent for ${ago(reportedAt)}: it was killed, hangs, or does not reach Redis`,
      ...reasons.map(({ what }) => `    it said last: ${what}`),
      `    next: look whether it runs, and at the end of its log; start it again if nothing has taken its place`,
    ];
  }
  const holding = holds.filter(({ what }) => !reasons.some((reason) => reason.what === what));
  const told = [...reasons, ...holding];
  const what = state === 'not-ready' ? 'NOT READY' : holds.length > 0 ? 'ready, and holds' : 'ready';
  const advice = new Set(told.map((one) => adviceOn(one.what)));
  return [
    `  ${name}: ${what}; ${consumes ? describeInHand(view, now) : 'consumes nothing (--no-intake)'}`,
    ...told.map((one) => `    for ${ago(one.since)}: ${one.what}`),
    ...unchecked.map((one) => `    not checked yet: ${inOneLine(one)}`),
    ...[...advice].map((one) => `    next: ${one}`),
    ...(state === 'not-ready' && http !== null ? [`    more: http://${http}/readyz on that machine, and its log`] : []),
  ];
}

/** What is accepted at once is in hand for moments only. Nothing is said of how long that is. In ms. */
const WORTH_TELLING_MS = 5_000;

function describeInHand({ inHand, nothingAcceptedSince }: ProcessView, now: number): string {
  const total = inHand.reduce((sum, { count }) => sum + count, 0);
  if (total === 0) return 'nothing in hand';
  const stages = inHand.map(
    ({ stage, count, waitsFor, since }) =>
      `${count} ${inOneLine(stage)}${waitsFor === null ? '' : `, for ${waitsFor}`} (${describeDuration(now - Date.parse(since))})`,
  );
  const quietMs = nothingAcceptedSince === null ? 0 : now - Date.parse(nothingAcceptedSince);
  const quiet = quietMs < WORTH_TELLING_MS ? '' : `, and nothing accepted for ${describeDuration(quietMs)}`;
  return `${total} in hand${quiet}: ${stages.join('; ')}`;
}
