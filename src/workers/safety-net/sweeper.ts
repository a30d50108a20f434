import { setTimeout as sleep } from 'node:timers/promises';
import { toError } from '../../domain/errors.js';
import type { LedgerRecord } from '../../domain/ledger/record.js';
import type { Log } from '../../domain/log.js';
import type { Starter } from '../../intake/starter.js';
import type { Ledger } from '../../ledger/ledger.js';
import type { OnUnowned } from './unowned-messages.js';

export interface SweeperOptions {
  readonly ledger: Pick<Ledger, 'unsettled' | 'looked' | 'now'>;
  readonly starter: Pick<Starter, 'check'>;
  /** Enters the record of an open workflow as that says it stands; answers the state that was entered, if any. */
  readonly enterAsItStands: (messageId: string, record: LedgerRecord | undefined) => Promise<string | undefined>;
  /** Told of a message that has no workflow: it is not to be counted as one that waits, as no claim would end that. */
  readonly uncount: (messageId: string) => Promise<void>;
  /** Told of what nobody has claimed: it has no workflow, or one that waits for its owner's delivery. */
  readonly onUnowned: OnUnowned;
  /** A record that nobody has moved or looked at for this long is looked up in Temporal, in ms. */
  readonly staleMs: number;
  readonly log: Log;
  /** From the end of one sweep to the next, in ms. Default 15 000. */
  readonly everyMs?: number;
}

/** Records that one sweep looks up at most, so that a great many parked ones do not become a load. */
const PER_SWEEP = 200;

/**
 * Looks after what nothing moves: unsettled records whose workflow may have closed without settling them, by hand or by a
 * loss. Temporal is asked for each; what is found stranded is recorded, and shown by `status`.
 */
export function startSweeper(options: SweeperOptions): { stop(): Promise<void> } {
  const { log, everyMs = 15_000 } = options;
  const stopped = new AbortController();

  async function keepSweeping(): Promise<void> {
    while (!stopped.signal.aborted) {
      try {
        await sweepOnce(options, stopped.signal);
      } catch (error) {
        // Redis or Temporal is away: intake says so, and the next sweep begins where this one ended.
        log.debug({ error: toError(error).message }, 'the sweep was cut short');
      }
      await sleep(everyMs, undefined, { signal: stopped.signal }).catch((error: unknown) => {
        if (!stopped.signal.aborted) throw error;
      });
    }
  }

  const sweeping = keepSweeping();
  return {
    async stop() {
      stopped.abort();
      await sweeping;
    },
  };
}

/** One sweep: the records that have gone without a look the longest. Answers how many were found stranded. */
export async function sweepOnce(options: SweeperOptions, signal: AbortSignal): Promise<number> {
  const { ledger, starter, staleMs, log } = options;
  const now = await ledger.now();
  let stranded = 0;
  for await (const record of ledger.unsettled({ beforeMs: now - staleMs, limit: PER_SWEEP })) {
    if (signal.aborted) break;
    const { messageId } = record;
    await ledger.looked(messageId);
    if (record.state === 'unreadable') {
      log.warn({ messageId, why: record.why }, 'a record cannot be read: nobody looks after its message');
      continue;
    }
    // A record that moved of late is in a workflow's hands, however long it has been in the index.
    if (record.state !== 'none' && now - (record.movedAt ?? 0) < staleMs) continue;
    const known = record.state === 'none' ? undefined : record;
    // Nobody has claimed it: its delivery may still be with the broker, or was acknowledged by a fault.
    const found = await starter.check(messageId, known?.run);
    if (found === 'parked' && record.state !== 'parked') await restoreParkedRecord(options, messageId, known);
    if (found === 'with-broker') await options.uncount(messageId);
    if (found === 'with-broker') await options.onUnowned(messageId, known);
    // Its workflow waits, maybe for a delivery that its owner has acknowledged by a fault.
    if (found === 'delivered' && known?.state === 'assigned') await options.onUnowned(messageId, known, known.owner);
    if (found !== 'stranded') continue;
    stranded += 1;
    log.warn({ messageId, state: record.state }, 'stranded: nothing works on it and it is not settled');
  }
  return stranded;
}

/** A person looks for what waits for an answer where the ledger lists it, so a record that shows anything else is put right. */
async function restoreParkedRecord(
  { enterAsItStands, log }: SweeperOptions,
  messageId: string,
  record: LedgerRecord | undefined,
): Promise<void> {
  const entered = await enterAsItStands(messageId, record);
  if (entered !== undefined)
    log.warn({ messageId, was: record?.state ?? 'none' }, `a record was entered as ${entered}`);
}
