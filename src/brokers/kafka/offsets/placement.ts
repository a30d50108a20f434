/** A point in the log of one partition, and what is needed to tell whether the log still leads to it. */
export interface LogPoint {
  /** The offset of the next record to read. */
  readonly position: bigint;
  /** The ID of the topic that it was read from; undefined where the broker names none (before Kafka 2.8). */
  readonly topicId: string | undefined;
  /** The leader epoch of the record before it; undefined where that is not known. */
  readonly epoch: number | undefined;
}

/** What the leader says of one partition's log. */
export interface PartitionLog {
  readonly topicId: string | undefined;
  /** The first offset that it still holds. */
  readonly low: bigint;
  /** The offset behind the last record that consumers may see. */
  readonly high: bigint;
  /** Where its records of an epoch (or an earlier one) end; `none` if it never had that epoch, undefined if unknown. */
  readonly endOf: (epoch: number) => bigint | 'none' | undefined;
}

/** Where a partition is to be read from, and why. */
export interface Placement {
  readonly at: bigint;
  /**
   * `continued`: at the committed position, or at the log's start where nothing is committed.
   * `trimmed`: the records from `from` to `at` are gone from the log.
   * `truncated`: the log has lost its end, `from` lies beyond it. `replaced`: the topic was deleted and made anew.
   */
  readonly kind: 'continued' | 'trimmed' | 'truncated' | 'replaced';
  /** The position at which reading would have gone on. */
  readonly from: bigint;
  /** What was read at this offset and beyond belongs to a log that is no more; undefined if all of it still stands. */
  readonly goneFrom: bigint | undefined;
}

/**
 * Where to read a partition from after a join. A position counts only if the log still leads to it: the same topic, and
 * the same records before it. What cannot be proved is read again, as a repeat is recognized by its ID and a record that
 * is passed over is lost.
 * @param committed what the group has committed. @param walked how far this process has read, if it has.
 */
export function placePartition(
  committed: LogPoint | undefined,
  walked: LogPoint | undefined,
  log: PartitionLog,
): Placement {
  const from = committed?.position ?? log.low;
  const walkedIsReplaced = walked !== undefined && isOfAnother(log, walked);
  // A commit that names no topic was made by another program, or by one of before, perhaps for the topic that is gone.
  const isReplaced =
    committed !== undefined && (isOfAnother(log, committed) || (walkedIsReplaced && committed.topicId === undefined));
  if (isReplaced) return { at: log.low, kind: 'replaced', from, goneFrom: 0n };
  const truncatedAt = least([
    ...(committed === undefined ? [] : endBefore(committed, log)),
    ...(walked === undefined || walkedIsReplaced ? [] : endBefore(walked, log)),
  ]);
  const goneFrom = walkedIsReplaced ? 0n : truncatedAt;
  if (from < log.low) return { at: log.low, kind: 'trimmed', from, goneFrom };
  if (truncatedAt !== undefined) {
    const at = truncatedAt < from ? truncatedAt : from;
    return { at: at > log.low ? at : log.low, kind: 'truncated', from, goneFrom };
  }
  return { at: from, kind: walkedIsReplaced && committed === undefined ? 'replaced' : 'continued', from, goneFrom };
}

function isOfAnother(log: PartitionLog, { topicId }: LogPoint): boolean {
  return topicId !== undefined && log.topicId !== undefined && topicId !== log.topicId;
}

/** Up to where the log still is what was read before the point; empty if all of it, as far as can be known. */
function endBefore({ position, epoch }: LogPoint, { low, high, endOf }: PartitionLog): bigint[] {
  const end = epoch === undefined ? undefined : endOf(epoch);
  if (end === 'none') return [low];
  if (end !== undefined) return end < position ? [end] : [];
  // Records may have been written since behind a cut that nobody knows: nothing read before stands for certain.
  return position > high ? [low] : [];
}

function least(offsets: readonly bigint[]): bigint | undefined {
  return offsets.reduce<bigint | undefined>((a, b) => (a !== undefined && a < b ? a : b), undefined);
}
