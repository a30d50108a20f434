import { LEFT_TO_THE_OTHER_COPY, type LedgerRecord } from '../ledger/record.js';
import { BEFORE_START } from '../policy/start.js';
import { otherSide, type Side } from '../side.js';

/** Where a record of a Kafka topic lies. */
export interface KafkaPlace {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
}

/** How far a side's consumer group is, asked before the records that it is compared with are read. */
export interface SidePosition {
  readonly topic: string;
  /** Kafka only: the first offset that the group will be given, per partition; absent where it has committed nothing. */
  readonly committed?: ReadonlyMap<number, bigint>;
  /** Kafka only: the offset behind the last record of each partition that there is, and when it was asked for (Redis time, ms). */
  readonly log?: { readonly ends: ReadonlyMap<number, bigint>; readonly askedAt: number };
  /** Everything that the broker had stored by then has been accepted, for all the side knows (Redis time, ms). Undefined: unknown. */
  readonly past: number | undefined;
}

/**
 * What a message that has a record and, for all that was seen, no workflow is to a side.
 * `accounted-for`: the side never had it, or it is held, settled or shown already, or its copy was left to the other side.
 * `in-hand`: the side has not acknowledged it, as it lingers or is held; that is how it should be.
 * `too-early`: it may yet be any of them. `lost`: the side has acknowledged it, or its log does not reach there any more.
 * `unknowable`: nobody can tell any more.
 */
export type CopyStanding = 'accounted-for' | 'in-hand' | 'too-early' | 'lost' | 'unknowable';

export interface DoubtedCopy {
  readonly record: LedgerRecord | undefined;
  readonly side: Side;
  readonly position: SidePosition;
  /** When it was first found to have no workflow; the side had it by then (Redis time, ms). */
  readonly since: number;
  /** Redis time, ms. */
  readonly now: number;
  readonly checkAfterMs: number;
}

/** For how many times `checkAfter` a side may be silent about how far it is before a message is shown. */
export const PATIENCE_WITH_SILENCE = 10;

/**
 * Whether a side has lost its copy of a message that nobody has claimed: acknowledged it without a workflow, as a client
 * library's fault can. Kafka is asked by the copy's own offset. Where that is not known, and on RocketMQ, which tells no
 * position by which one message could be judged, it is the time up to which the side has accepted all. Unknown is not lost.
 */
export function judgeCopy({ record, side, position, since, now, checkAfterMs }: DoubtedCopy): CopyStanding {
  if (record === undefined || !isUnclaimed(record) || !countsOn(record, side)) return 'accounted-for';
  const forLong = now - since >= checkAfterMs;
  const place = placeOf(record, side, position.topic);
  const offsetPassed = isOffsetPassed(place, position.committed);
  if (offsetPassed === true || isBeyondLog(place, position, since)) return forLong ? 'lost' : 'too-early';
  if (offsetPassed === false) return 'in-hand';
  if (position.past === undefined) {
    return now - since >= checkAfterMs * PATIENCE_WITH_SILENCE ? 'unknowable' : 'too-early';
  }
  return forLong && position.past - since >= checkAfterMs ? 'lost' : 'too-early';
}

/** Assigned, and not shown as stranded yet: whatever else it is, somebody holds it, or a person was told. */
export function isUnclaimed({ state, stranded }: LedgerRecord): boolean {
  return state === 'assigned' && stranded === undefined;
}

/** Whether this side had a copy and was to bring it to a workflow. */
export function countsOn({ seen, copies, reason }: LedgerRecord, side: Side): boolean {
  if (!seen[side] || copies?.[side] === LEFT_TO_THE_OTHER_COPY) return false;
  // Of a message of before the start, rocketmq leaves its copy to kafka.
  return !(side === 'rocketmq' && reason === BEFORE_START);
}

/** Where the side's copy lies, if it is known, and in the topic that the side consumes now. */
export function placeOf({ copies }: LedgerRecord, side: Side, topic: string): KafkaPlace | undefined {
  const place = side === 'kafka' ? readKafkaPlace(copies?.kafka ?? '') : undefined;
  return place?.topic === topic ? place : undefined;
}

/** Undefined for anything that is not the coordinates of a Kafka record. */
export function readKafkaPlace(coordinates: string): KafkaPlace | undefined {
  const [, topic, partition, offset] = /^kafka:(.+)\/(\d{1,9})\/(\d{1,19})$/.exec(coordinates) ?? [];
  if (topic === undefined || partition === undefined || offset === undefined) return undefined;
  return { topic, partition: Number(partition), offset: BigInt(offset) };
}

function isOffsetPassed(place: KafkaPlace | undefined, committed: SidePosition['committed']): boolean | undefined {
  if (place === undefined || committed === undefined) return undefined;
  return (committed.get(place.partition) ?? -1n) > place.offset;
}

/**
 * Whether the log ends before a record that it had: the topic was deleted and made anew, or the log was cut off. What its
 * process did not bring to a workflow before it died nobody will deliver, although the group's position is not there yet.
 */
function isBeyondLog(place: KafkaPlace | undefined, { log }: SidePosition, since: number): boolean {
  if (place === undefined || log === undefined || log.askedAt < since) return false;
  return (log.ends.get(place.partition) ?? 0n) <= place.offset;
}

/** By which a note on a record tells that no workflow has ever had its message. */
const LOST = 'lost: ';

/** What a person is told of a message that cannot be brought to a workflow by itself, and what to do. */
export function describeLost({ copies }: LedgerRecord, side: Side, why: string): string {
  const where = copies?.[side] ?? `${side}, it is not known where`;
  const other = copies?.[otherSide(side)];
  return (
    `${LOST}${side} had it (${where}), and nothing works on it: ${why}. ` +
    `Publish it again with the same message ID and body${other === undefined ? '' : `; its other copy: ${other}`}`
  );
}

/** Whether a record's note says that there is no workflow that could be resumed. */
export function isLostNote(stranded: string | undefined): boolean {
  return stranded?.startsWith(LOST) === true;
}
