import type { Source } from '../brokers/source.js';
import { toError } from '../domain/errors.js';
import type { Log } from '../domain/log.js';
import { otherSide, type Side } from '../domain/side.js';
import { SIGN_LIFETIME_MS, type SideSigns } from '../ledger/signs.js';

/** How often a side shows life and reports how far it is, in ms. */
const EVERY_MS = 1_000;

export interface SideWatch {
  /** Whether the other side showed life when it was last looked at; false while that is not known. */
  otherSideLives(): boolean;
  /** How far the other side was when it was last looked at, within a few seconds (Redis time, ms); undefined: not known. */
  otherSidePast(): number | undefined;
  stop(): void;
}

export interface SideWatchOptions {
  readonly side: Side;
  readonly processId: string;
  readonly signs: Pick<SideSigns, 'alive' | 'isAlive' | 'past' | 'reportPast' | 'reportSkipped'>;
  readonly source: Pick<Source, 'past' | 'status'>;
  /** How far Redis time is ahead of this machine's clock, in ms. */
  readonly redisAheadMs: () => number;
  readonly log: Log;
}

/** Tells the other side that this one lives and how far it is, and looks whether the other one does. */
export function watchSides(options: SideWatchOptions): SideWatch {
  const { side, processId, signs, source, redisAheadMs, log } = options;
  let lives = false;
  let seen: { readonly past: number | undefined; readonly at: number } | undefined;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let reported = 0;

  async function beat(): Promise<void> {
    try {
      const past = source.past();
      await signs.alive(side, processId);
      if (past !== undefined) await signs.reportPast(side, past + redisAheadMs());
      const at = performance.now();
      const other = otherSide(side);
      const [isAlive, itsPast] = await Promise.all([signs.isAlive(other), signs.past(other)]);
      lives = isAlive;
      seen = { past: itsPast, at };
      const { skipped = 0 } = source.status();
      if (skipped > reported) await signs.reportSkipped(side, skipped - reported);
      reported = skipped;
    } catch (error) {
      lives = false;
      seen = undefined;
      log.debug({ error: toError(error).message }, 'no sign of life could be given');
    }
    if (!stopped) timer = setTimeout(() => void beat(), EVERY_MS);
  }

  void beat();
  return {
    otherSideLives: () => lives,
    otherSidePast: () =>
      seen !== undefined && performance.now() - seen.at <= SIGN_LIFETIME_MS ? seen.past : undefined,
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
