import { type FoundReport, type Lasting, type ProcessReport, SILENT_AFTER_MS } from '../domain/flow/process-report.js';
import { WAITS_FOR } from '../domain/flow/stall.js';
import { inOneLine, instant } from '../domain/text.js';

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
