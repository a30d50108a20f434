import type { LedgerRecord } from '../../../domain/ledger/record.js';
import type { Ledger } from '../../../ledger/ledger.js';
import { retryWhileBusy } from '../retry-while-busy.js';
import type { Told } from '../verdict/checker.js';

/** Records that are read at once. */
const BATCH = 200;

/** Follows the records of a run's messages in the ledger. */
export class LedgerWatch {
  readonly #ledger: Pick<Ledger, 'read'>;
  readonly #signal: AbortSignal;
  readonly #records = new Map<string, LedgerRecord>();
  readonly #open = new Set<string>();
  #changes = 0;

  constructor(ledger: Pick<Ledger, 'read'>, signal: AbortSignal) {
    this.#ledger = ledger;
    this.#signal = signal;
  }

  /** The records as they were when last looked at. */
  get records(): ReadonlyMap<string, LedgerRecord> {
    return this.#records;
  }

  /** Messages that have not been seen settled or parked yet. */
  get open(): number {
    return this.#open.size;
  }

  /** How many changes of state have been seen. */
  get changes(): number {
    return this.#changes;
  }

  /** Follows a message from now on. */
  follow(messageId: string): void {
    if (!this.#records.has(messageId)) this.#open.add(messageId);
  }

  /** Reads the records that were still open. */
  async look(): Promise<void> {
    await this.#read([...this.#open]);
  }

  /** Reads every record anew, as it is at the end. */
  async lookAtAll(messageIds: readonly string[]): Promise<void> {
    await this.#read(messageIds);
  }

  async #read(messageIds: readonly string[]): Promise<void> {
    for (let from = 0; from < messageIds.length; from += BATCH) {
      const batch = messageIds.slice(from, from + BATCH);
      const readAll = () => Promise.all(batch.map((messageId) => this.#ledger.read(messageId)));
      const records = await retryWhileBusy(readAll, this.#signal);
      for (const [index, messageId] of batch.entries()) this.#note(messageId, records[index]);
    }
  }

  #note(messageId: string, record: LedgerRecord | undefined): void {
    if (record === undefined) {
      this.#records.delete(messageId);
      return;
    }
    if (this.#records.get(messageId)?.state !== record.state) this.#changes += 1;
    this.#records.set(messageId, record);
    if (finalStateOf(record) === undefined) this.#open.add(messageId);
    else this.#open.delete(messageId);
  }
}

/** What a record says of its message's end; undefined while there is none. */
export function finalStateOf({ state, outcome }: Pick<LedgerRecord, 'state' | 'outcome'>): Told | undefined {
  if (state === 'parked') return 'parked';
  // A person has given up on a parked message while the demo ran.
  if (outcome === 'abandoned') return 'parked';
  return state === 'settled' ? outcome : undefined;
}
