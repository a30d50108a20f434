import { setTimeout as sleep } from 'node:timers/promises';
import type { Copies, CopyReading, Delivery, DeliverySink } from '../../brokers/source.js';
import { HandoverError, toError } from '../../domain/errors.js';
import type { LedgerRecord } from '../../domain/ledger/record.js';
import type { Log } from '../../domain/log.js';
import { fingerprintOf } from '../../domain/message/bucket.js';
import {
  describeLost,
  isUnclaimed,
  judgeCopy,
  type KafkaPlace,
  placeOf,
  type SidePosition,
} from '../../domain/message/lost-delivery.js';
import type { MessageReading } from '../../domain/message/message.js';
import type { Side } from '../../domain/side.js';
import type { Starter } from '../../intake/starter.js';
import type { Ledger } from '../../ledger/ledger.js';
import type { DoubtedCopies } from '../../ledger/redis/stores/doubted-copies.js';
import type { SideStatus } from '../../ledger/redis/stores/side-status.js';

export interface LostCopiesOptions {
  /** The side that this process consumes. */
  readonly side: Side;
  readonly topic: string;
  readonly ledger: Pick<Ledger, 'now' | 'read' | 'strand'>;
  readonly doubted: Pick<DoubtedCopies, 'oldest' | 'leave'>;
  readonly sideStatus: Pick<SideStatus, 'consumedUpTo'>;
  readonly starter: Pick<Starter, 'check'>;
  /** Undefined: a copy of this side cannot be read again. */
  readonly copies: Copies | undefined;
  /** Reads a delivery as intake does. */
  readonly read: (delivery: Delivery) => MessageReading;
  readonly sink: DeliverySink;
  readonly checkAfterMs: number;
  readonly log: Log;
  /** From the end of one look to the next, in ms. Default 15 000. */
  readonly everyMs?: number;
}

interface Lost {
  readonly record: LedgerRecord;
  readonly place: KafkaPlace;
}

/** Copies that are read in one go, and those that may be with intake at once: what it has room for otherwise stays free. */
const READ_BATCH = 32;
const MOST_IN_HAND = 500;

/**
 * Brings back what this side has acknowledged although nothing has it. A message that a sweeper doubts is judged by how far
 * the side's group is (domain/message/lost-delivery.ts). What is lost is read again by its place, and passes intake like any
 * redelivery, but that nobody commits it; what cannot be read again is shown as stranded. So a fault of a client library
 * loses no message without a trace.
 */
export class LostCopies {
  readonly #options: LostCopiesOptions;
  readonly #stopping = new AbortController();
  readonly #inHand = new Set<string>();
  #running: Promise<void> = Promise.resolve();

  constructor(options: LostCopiesOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running = this.#keepLooking();
  }

  /** Takes nothing any more. What is with intake by then is turned away by it, and found again later. */
  halt(): void {
    this.#stopping.abort();
  }

  async stop(): Promise<void> {
    this.halt();
    await this.#running;
  }

  async #keepLooking(): Promise<void> {
    const { log, everyMs = 15_000 } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        await this.look();
      } catch (error) {
        // A service is away, which intake says; nothing is taken for lost meanwhile.
        if (!signal.aborted) log.debug({ error: toError(error).message }, 'the look for lost copies was cut short');
      }
      await sleep(everyMs, undefined, { signal }).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
    }
  }

  /** One look at all that is doubted. Resolves once what is lost has been handed to intake, or shown. */
  async look(): Promise<void> {
    const { side, doubted, topic, ledger, copies, checkAfterMs } = this.#options;
    const { signal } = this.#stopping;
    const lost: Lost[] = [];
    let position: SidePosition | undefined;
    for await (const { messageId, at: since } of doubted.oldest(side)) {
      if (signal.aborted) return;
      if (lost.length + this.#inHand.size >= MOST_IN_HAND) break;
      if (this.#inHand.has(messageId)) continue;
      // Before any record is read: what is acknowledged has a workflow by then, unless it is lost.
      position ??= await this.#askPosition();
      const record = await this.#readRecord(messageId);
      const standing = judgeCopy({ record, side, position, since, now: await ledger.now(), checkAfterMs });
      if (standing === 'too-early') continue;
      // One process sees to it. Should that die, a sweeper doubts the message again.
      if (!(await doubted.leave(side, messageId)) || record === undefined) continue;
      const place = placeOf(record, side, topic);
      if (standing === 'unknowable') await this.#showIfNobodys(record, 'it is not known how far its consumers are');
      else if (standing === 'lost' && (copies === undefined || place === undefined))
        await this.#showIfNobodys(record, UNREADABLE);
      else if (standing === 'lost' && place !== undefined) lost.push({ record, place });
    }
    await this.#bringBack(lost);
  }

  async #askPosition(): Promise<SidePosition> {
    const { side, topic, copies, sideStatus, ledger } = this.#options;
    const past = await sideStatus.consumedUpTo(side);
    if (copies === undefined) return { topic, past };
    const committed = await copies.committed();
    const askedAt = await ledger.now();
    return { topic, past, committed, log: { ends: await copies.ends(), askedAt } };
  }

  async #readRecord(messageId: string): Promise<LedgerRecord | undefined> {
    try {
      return await this.#options.ledger.read(messageId);
    } catch (error) {
      // What cannot be read is the sweeper's to tell of.
      if (error instanceof HandoverError && error.code === 'ledger-rejected') return undefined;
      throw error;
    }
  }

  async #bringBack(lost: readonly Lost[]): Promise<void> {
    const { copies, sink } = this.#options;
    const { signal } = this.#stopping;
    let left = lost;
    while (left.length > 0 && copies !== undefined) {
      const room = Math.min(await sink.capacity(signal), READ_BATCH);
      const batch = left.slice(0, room);
      left = left.slice(room);
      const readings = await copies.read(batch.map(({ place }) => place));
      for (const [i, { record }] of batch.entries()) await this.#take(record, readings[i]);
    }
  }

  async #take(record: LedgerRecord, reading: CopyReading | undefined): Promise<void> {
    const { sink, side, log } = this.#options;
    const { messageId } = record;
    if (reading === undefined || 'gone' in reading) return this.#showIfNobodys(record, reading?.gone ?? UNREADABLE);
    const { delivery } = reading;
    if (!this.#isItself(record, delivery)) return this.#showIfNobodys(record, 'another message lies there now');
    if (!(await this.#isNobodys(record))) return;
    log.warn({ messageId, side, source: delivery.coordinates }, 'it was acknowledged and nothing has it: taken again');
    this.#inHand.add(messageId);
    for (const accepted of sink.take([delivery])) {
      void accepted
        .then(() => this.#confirm(record))
        .catch((error: unknown) => log.debug({ messageId, error: toError(error).message }, 'it was not taken again'))
        .finally(() => this.#inHand.delete(messageId));
    }
  }

  #isItself(record: LedgerRecord, delivery: Delivery): boolean {
    const reading = this.#options.read(delivery);
    if (!('message' in reading)) return false;
    const { messageId, body } = reading.message;
    return messageId === record.messageId && fingerprintOf(body) === record.fingerprint;
  }

  /** It has no workflow, or one that waits for this very copy. */
  async #isNobodys({ messageId, owner }: LedgerRecord): Promise<boolean> {
    const { starter, side } = this.#options;
    const found = await starter.check(messageId, undefined);
    return found === 'with-broker' || (found === 'delivered' && owner === side);
  }

  async #showIfNobodys(record: LedgerRecord, why: string): Promise<void> {
    if (await this.#isNobodys(record)) await this.#show(record, why);
  }

  /** Intake has accepted it. Where that came to no workflow, as it was set aside, it would be lost and taken for ever. */
  async #confirm({ messageId }: LedgerRecord): Promise<void> {
    const record = await this.#readRecord(messageId);
    if (record === undefined || !isUnclaimed(record)) return;
    if ((await this.#options.starter.check(messageId, undefined)) !== 'with-broker') return;
    await this.#show(record, "it was taken once more and set aside, see 'handover dead-letters'");
  }

  async #show(record: LedgerRecord, why: string): Promise<void> {
    const { ledger, side, log } = this.#options;
    const { messageId } = record;
    const told = describeLost(record, side, why);
    if (await ledger.strand(messageId, '', told)) log.error({ messageId, side }, told);
  }
}

const UNREADABLE = 'it was acknowledged, and its copy cannot be read again';
