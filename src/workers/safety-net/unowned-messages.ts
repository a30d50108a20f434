import type { LedgerRecord } from '../../domain/ledger/record.js';
import type { Log } from '../../domain/log.js';
import { countsOn, describeLost, isUnclaimed, PATIENCE_WITH_SILENCE } from '../../domain/message/lost-delivery.js';
import { SIDES, type Side } from '../../domain/side.js';
import type { Ledger } from '../../ledger/ledger.js';
import type { DoubtedCopies } from '../../ledger/redis/stores/doubted-copies.js';
import type { SideStatus } from '../../ledger/redis/stores/side-status.js';

export interface UnownedMessagesOptions {
  readonly ledger: Pick<Ledger, 'now' | 'strand' | 'unindex'>;
  readonly doubted: Pick<DoubtedCopies, 'enter' | 'leave'>;
  readonly sideStatus: Pick<SideStatus, 'isAlive'>;
  readonly checkAfterMs: number;
  readonly log: Log;
}

/**
 * Told by the sweeper of each message that nobody has claimed and that has no workflow in Temporal. `awaited`: it has one,
 * which waits for a delivery of that side.
 */
export type OnUnowned = (messageId: string, record: LedgerRecord | undefined, awaited?: Side) => Promise<void>;

/**
 * Most of them are still the broker's: they linger, or are held. Each is put before the sides that have had a copy, of which
 * a process that consumes can tell (see lost-copies.ts). Where there has been none for long, the message is shown.
 */
export function createUnownedMessages(options: UnownedMessagesOptions): OnUnowned {
  const { ledger, doubted, sideStatus, checkAfterMs, log } = options;

  async function putBefore(side: Side, record: LedgerRecord, isAwaited: boolean): Promise<void> {
    const { messageId } = record;
    const since = await doubted.enter(side, messageId);
    // A workflow that waits for a side which is away is neither lost nor unseen.
    if (isAwaited) return;
    const now = await ledger.now();
    if (now - since < PATIENCE_WITH_SILENCE * checkAfterMs || (await sideStatus.isAlive(side))) return;
    const why = describeLost(record, side, `no worker has consumed ${side} since, so it may still be the broker's`);
    if (await ledger.strand(messageId, '', why)) log.error({ messageId, side }, why);
    await doubted.leave(side, messageId);
  }

  return async (messageId, record, awaited) => {
    if (record === undefined) {
      // Nobody knows anything of it: an entry that was damaged, or is left over of what was lost and is delivered anew.
      await ledger.unindex(messageId);
      log.warn({ messageId }, 'taken out of the age index: it has neither a record nor a workflow');
      return;
    }
    if (!isUnclaimed(record)) return;
    for (const side of awaited === undefined ? SIDES : [awaited]) {
      if (countsOn(record, side)) await putBefore(side, record, awaited !== undefined);
    }
  };
}
