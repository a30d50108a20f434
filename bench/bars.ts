import type { Figures } from './figures.js';
import type { Mode } from './ground/publishing.js';

/** What was measured against what it must reach. */
export interface Bar {
  readonly name: string;
  readonly value: number;
  readonly bar: number;
  readonly ok: boolean;
}

export type AllFigures = Readonly<Record<string, Readonly<Record<Mode, Figures>>>>;

/** Beside the contenders' figures, what bars are about. */
export interface Rest {
  /** p50 of the provider-less floor at 5 messages a second, in ms. */
  readonly floorP50?: number | undefined;
  readonly ledgerBytes?: number | undefined;
  /** A worker's resident memory before the small and the large backlog, in bytes. */
  readonly backlogRss?: { readonly small: number; readonly large: number } | undefined;
}

/** How many times as fast each contender is as the textbook, by mode, where both have played. */
export function ratiosOf(contenders: AllFigures): Record<string, number> {
  const rateOf = (name: string, mode: Mode): number => contenders[name]?.[mode].messagesPerSecond?.median ?? 0;
  const ratios = Object.keys(contenders).flatMap((name) =>
    (['one', 'double'] as const).flatMap((mode) => {
      const [rate, base] = [rateOf(name, mode), rateOf('textbook', mode)];
      return rate > 0 && base > 0 ? [[`${name}/textbook, ${mode}`, rate / base] as const] : [];
    }),
  );
  return Object.fromEntries(ratios);
}

/** The bars that what was measured has a value for. */
export function barsOf(contenders: AllFigures, rest: Rest): readonly Bar[] {
  const ratios = ratiosOf(contenders);
  const { handover: byDefault, 'handover-inline': inline } = contenders;
  const { floorP50, ledgerBytes, backlogRss } = rest;
  const low = byDefault?.one.latency['low']?.p50;
  return [
    atLeast('handover against textbook, double delivery', ratios['handover/textbook, double'], 2),
    atLeast('handover inline-first against textbook, double delivery', ratios['handover-inline/textbook, double'], 3.5),
    atLeast('handover against textbook, one delivery', ratios['handover/textbook, one'], 1.3),
    atMost('history events per message', byDefault?.one.historyEvents, 12),
    atMost('history events per message, inline-first', inline?.one.historyEvents, 8),
    atMost('Temporal requests per message, polls aside', byDefault?.one.temporalRequests, 4),
    atMost('Temporal requests per message, polls aside, inline-first', inline?.one.temporalRequests, 2.2),
    atMost(
      'workflows started per message, double delivery, no lag',
      byDefault?.double.latency['high']?.startsPerMessage,
      1.02,
    ),
    atMost('Redis bytes per settled message', ledgerBytes, 230),
    atMost(
      'p50 at 5 messages a second against the floor',
      low !== undefined && floorP50 !== undefined ? low / floorP50 : undefined,
      3,
    ),
    atMost(
      'resident memory, backlog of 100,000 against 1,000',
      backlogRss && backlogRss.large / backlogRss.small,
      1.25,
    ),
  ].filter((bar) => bar !== undefined);
}

function atLeast(name: string, value: number | undefined, bar: number): Bar | undefined {
  return value === undefined ? undefined : { name, value, bar, ok: value >= bar };
}

function atMost(name: string, value: number | undefined, bar: number): Bar | undefined {
  return value === undefined ? undefined : { name, value, bar, ok: value <= bar };
}
