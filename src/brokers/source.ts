import type { Holding, OthersHolding } from '../domain/message/holding.js';
import type { KafkaPlace } from '../domain/message/lost-delivery.js';
import type { DeadLetterReason } from '../domain/message/message.js';
import type { Side } from '../domain/side.js';
import type { Encoding } from './inflate/inflate.js';

/** One arrival of a message on one side, as the broker had it; nothing in it has been checked. */
export interface Delivery {
  readonly side: Side;
  readonly topic: string;
  /** Where it lies: `kafka:<topic>/<partition>/<offset>` or `rocketmq:<topic>/<broker>/<queue>/<offset>`. */
  readonly coordinates: string;
  /** Kafka headers or RocketMQ user properties, decoded as UTF-8; of a repeated Kafka header, the last value. */
  readonly properties: ReadonlyMap<string, string>;
  /** The Kafka record key or the RocketMQ `keys` field. */
  readonly key: string | undefined;
  /** `null` for a Kafka tombstone. Not the whole body, or not as it was sent, where `tooLarge` or `damaged` says so. */
  readonly body: Buffer | null;
  /** Why these are not the bytes that were sent: they fail their digest, or cannot be decompressed. Never a message. */
  readonly damaged?: string;
  /** The body is above `limits.bodyBytes`, and was not made whole. Never a message. */
  readonly tooLarge?: TooLarge;
  /** When the broker stored it, by the broker's or producer's clock (ms since the epoch). */
  readonly storedAt: number;
  /** When this process got it, by this machine's clock (ms since the epoch). */
  readonly receivedAt: number;
  /** Absent: nothing is known of it. */
  readonly brokerTime?: BrokerTime;
  /**
   * Aborted once the source has no claim on it any more: its Kafka partition is another member's, which delivers it
   * again. What becomes of it here counts for nothing then, so nothing need wait for it. Shared by many deliveries.
   */
  readonly withdrawn?: AbortSignal;
}

/**
 * When the broker itself stored a copy, by this machine's clock (ms since the epoch); never by the word of a producer. A
 * bound that is absent is not known.
 */
export interface BrokerTime {
  /** Not earlier: nobody can have been handed it before. */
  readonly after?: number;
  /** Not later. */
  readonly by?: number;
}

/** What `body` holds of a body that is too large to be held. */
export interface TooLarge {
  /** Its length, where that is known. Without `encoding`, `body` is its beginning. */
  readonly bytes?: number;
  /** `body` is all of it, compressed like this, as it came. */
  readonly encoding?: Encoding;
}

/** What a source hands its deliveries to. Implemented by intake. */
export interface DeliverySink {
  /**
   * Resolves with how many deliveries may be handed over now, at least 1. Pending while a dependency is down or there is
   * no room for more: a source asks before it fetches, so that holding leaves messages with the broker.
   * Rejects with the signal's reason when it is aborted.
   */
  capacity(signal: AbortSignal): Promise<number>;
  /**
   * Takes deliveries; answers one promise each, in order. Resolved: durably accepted (or dead-lettered), acknowledge it.
   * Rejected: not accepted, leave it to the broker to deliver again. Pending may last: keep the delivery alive meanwhile.
   */
  take(deliveries: readonly Delivery[]): readonly Promise<void>[];
}

export interface SourceStatus {
  readonly ready: boolean;
  /** Why it is not ready, as one sentence. */
  readonly reason?: string;
  /** How often the underlying client was built anew after a fatal fault. */
  readonly restarts: number;
  /** How many positions were passed over since the process started, as the broker had deleted what was not read yet. */
  readonly skipped?: number;
}

/**
 * The consuming end of one side. Never acknowledges what the sink has not accepted, keeps what is pending alive
 * (heartbeats, invisibility), and rebuilds its client after any fault, for ever, until it is stopped.
 */
export interface Source {
  readonly side: Side;
  /** Starts to consume. Resolves once it is running; a broker that is away is not an error but `ready: false`. */
  start(sink: DeliverySink): Promise<void>;
  /**
   * Stops fetching, waits until every delivery handed over is settled and acknowledged or `drainMs` has passed, and
   * disconnects. What is pending then is left to the broker.
   */
  stop(drainMs: number): Promise<void>;
  status(): SourceStatus;
  /**
   * The past of this side: an instant T (ms since the epoch, broker's clock) such that everything that this side's broker
   * had stored by T has been handed out and accepted, for all the group knows. Undefined: unknown, which is not past.
   * `others`: what every other process of the side has told last; it matters only where there is {@link holding}.
   */
  consumedUpTo(others?: readonly OthersHolding[]): number | undefined;
  /** What this process is to tell the others of its side. Absent: the broker itself tells how far they all are together. */
  holding?(): Holding;
  /** The others' words were lost, so that one that says nothing may just not have said it again. */
  othersUnknown?(): void;
}

/** Where deliveries go that can never become a message. */
export interface DeadLetters {
  /**
   * Publishes the delivery's body and stamps to the side's dead-letter topic with `handover-reason`, `handover-source`
   * (coordinates) and `handover-time`. `detail`: what is wrong with it, in words. Resolves once the broker holds it.
   * @throws HandoverError `broker-unavailable`; the delivery must then stay unacknowledged. `dead-letters-refused`: the
   * topic is missing or forbidden, or takes nothing of it, and another place must be found for it.
   */
  send(delivery: Delivery, reason: DeadLetterReason, detail?: string): Promise<void>;
  close(): Promise<void>;
}

/** What lies at a place: the delivery that it would be, or why there is none any more. */
export type CopyReading = { readonly delivery: Delivery } | { readonly gone: string };

/** A side's topic, read by place, without its consumer group and without a commit. */
export interface Copies {
  /**
   * The first offset that the group will be given, per partition; a partition is absent where it has committed nothing.
   * @throws HandoverError `broker-unavailable`
   */
  committed(): Promise<ReadonlyMap<number, bigint>>;
  /**
   * The offset behind the last record of each partition that there is.
   * @throws HandoverError `broker-unavailable`
   */
  ends(): Promise<ReadonlyMap<number, bigint>>;
  /**
   * Reads what lies at each place, in order.
   * @throws HandoverError `broker-unavailable` where that cannot be told now
   */
  read(places: readonly KafkaPlace[]): Promise<readonly CopyReading[]>;
}

/** How much of what a broker holds is held in memory at a time, once it is decompressed. In bytes. */
export interface ReadLimits {
  /** Largest body. Of a larger one only so much is kept as it takes to set it aside. */
  readonly bodyBytes: number;
  /** What one fetch from Kafka may come to; what is beyond it is read by the next ones. */
  readonly batchBytes: number;
}

export const DEFAULT_READ_LIMITS: ReadLimits = { bodyBytes: 1 << 20, batchBytes: 64 << 20 };
