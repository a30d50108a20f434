import type { Source } from '../brokers/source.js';
import { toError } from '../domain/errors.js';
import type { Log } from '../domain/log.js';
import { otherSide, type Side } from '../domain/side.js';
import type { SideSigns } from '../ledger/signs.js';

/** How often a side shows life and reports how far it is, in ms. */
const EVERY_MS = 1_000;

export interface SideWatch {
  /** Whether the other side showed life when it was last looked at; false while that is not known. */
  otherSideLives(): boolean;
  stop(): void;
}

export interface SideWatchOptions {
  readonly side: Side;
  readonly processId: string;
  readonly signs: Pick<SideSigns, 'alive' | 'isAlive' | 'reportPast'>;
  readonly source: Pick<Source, 'past'>;
  /** How far Redis time is ahead of this machine's clock, in ms. */
  readonly redisAheadMs: () => number;
  readonly log: Log;
}

/** Tells the other side that this one lives and how far it is, and looks whether the other one does. */
export function watchSides(options: SideWatchOptions): SideWatch {
  const { side, processId, signs, source, redisAheadMs, log } = options;
  let lives = false;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;

  async function beat(): Promise<void> {
    try {
      const past = source.past();
      await signs.alive(side, processId);
      if (past !== undefined) await signs.reportPast(side, past + redisAheadMs());
      lives = await signs.isAlive(otherSide(side));
    } catch (error) {
      lives = false;
      log.debug({ error: toError(error).message }, 'no sign of life could be given');
    }
    if (!stopped) timer = setTimeout(() => void beat(), EVERY_MS);
  }

  void beat();
  return {
    otherSideLives: () => lives,
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
