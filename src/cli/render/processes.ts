import { describeDuration, inOneLine } from '../../domain/text.js';
import type { ProcessView } from '../../operations/process.js';
import { adviceOn } from './advice.js';

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
