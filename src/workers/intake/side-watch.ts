import type { Source } from '../../brokers/source.js';
import { toError } from '../../domain/errors.js';
import type { Log } from '../../domain/log.js';
import { type OthersHolding, shifted } from '../../domain/message/holding.js';
import { otherSide, type Side } from '../../domain/side.js';
import { SIGN_LIFETIME_MS, type SideStatus } from '../../ledger/redis/stores/side-status.js';

/** How often a side shows life and reports how far it is, in ms. */
const EVERY_MS = 1_000;

export interface SideWatch {
  /** How far this side is, as this process could tell when it last looked (ms since the epoch, by its clock). */
  consumedUpTo(): number | undefined;
  /** Whether the other side showed life when it was last looked at; false while that is not known. */
  otherSideLives(): boolean;
  /** How far the other side was when it was last looked at, within a few seconds (Redis time, ms); undefined: not known. */
  otherSidePast(): number | undefined;
  stop(): void;
}

export interface SideWatchOptions {
  readonly side: Side;
  readonly processId: string;
  readonly sideStatus: Pick<
    SideStatus,
    'alive' | 'isAlive' | 'consumedUpTo' | 'reportConsumedUpTo' | 'reportSkipped' | 'exchangeHoldings'
  >;
  readonly source: Pick<Source, 'consumedUpTo' | 'holding' | 'othersUnknown' | 'status'>;
  /** How far Redis time is ahead of this machine's clock, in ms. */
  readonly redisAheadMs: () => number;
  readonly log: Log;
}

/** Tells the other side that this one lives and how far it is, and looks whether the other one does. */
export function watchSides(options: SideWatchOptions): SideWatch {
  const { side, processId, sideStatus, source, redisAheadMs, log } = options;
  let lives = false;
  let past: number | undefined;
  let told = false;
  let seen: { readonly past: number | undefined; readonly at: number } | undefined;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let reported = 0;

  async function beat(): Promise<void> {
    try {
      await sideStatus.alive(side, processId);
      past = source.consumedUpTo(await askOthers());
      if (past !== undefined) await sideStatus.reportConsumedUpTo(side, past + redisAheadMs());
      const at = performance.now();
      const other = otherSide(side);
      const [isAlive, itsPast] = await Promise.all([sideStatus.isAlive(other), sideStatus.consumedUpTo(other)]);
      lives = isAlive;
      seen = { past: itsPast, at };
      const { skipped = 0 } = source.status();
      if (skipped > reported) await sideStatus.reportSkipped(side, skipped - reported);
      reported = skipped;
    } catch (error) {
      lives = false;
      seen = undefined;
      log.debug({ error: toError(error).message }, 'no sign of life could be given');
    }
    if (!stopped) timer = setTimeout(() => void beat(), EVERY_MS);
  }

  /** What the other processes of this side hold: what one of them has in its hands, this one cannot see. */
  async function askOthers(): Promise<readonly OthersHolding[]> {
    const holding = source.holding?.();
    if (holding === undefined) return [];
    const aheadMs = redisAheadMs();
    const mine = shifted({ ...holding, at: Date.now() }, aheadMs);
    const { known, others } = await sideStatus.exchangeHoldings(side, processId, mine);
    if (told && !known) source.othersUnknown?.();
    told = true;
    return others.map((other) => shifted(other, -aheadMs));
  }

  void beat();
  return {
    consumedUpTo: () => past,
    otherSideLives: () => lives,
    otherSidePast: () =>
      seen !== undefined && performance.now() - seen.at <= SIGN_LIFETIME_MS ? seen.past : undefined,
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
