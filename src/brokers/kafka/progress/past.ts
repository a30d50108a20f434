import { thinned } from '../../thinned.js';

/** Offsets of one partition: where its log begins, and where the next record will go. */
export interface PartitionEnds {
  readonly low: bigint;
  readonly high: bigint;
}

interface Sample {
  readonly at: number;
  readonly ends: ReadonlyMap<number, PartitionEnds>;
}

/** Samples kept; beyond it the older ones are thinned out, which only makes an answer later. */
const MAX_SAMPLES = 240;

/**
 * The past of a Kafka consumer group (see `Source.past`): the latest time at which the ends of all partitions were
 * sampled and which the group's commits have reached since. What was proven stays true whatever happens to the offsets.
 */
export class KafkaPast {
  #samples: Sample[] = [];
  #past: number | undefined;

  /** @param at when the ends were asked for: they are at least those of that time. @param ends of every partition. */
  sample(at: number, ends: ReadonlyMap<number, PartitionEnds>): void {
    // A topic without partitions is one that could not be described: it proves nothing.
    if (ends.size === 0) return;
    this.#samples = thinned([...this.#samples, { at, ends }], MAX_SAMPLES);
  }

  /** @param offsets the group's committed offset per partition, asked after the ends; negative or absent where there is none. */
  committed(offsets: ReadonlyMap<number, bigint>): void {
    const latest = this.#samples.at(-1)?.ends;
    // A commit beyond the end is of a log that was made anew or cut off: what has come since has not been read.
    const valid = new Map(
      [...offsets].filter(([partition, offset]) => offset <= (latest?.get(partition)?.high ?? -1n)),
    );
    const reached = this.#samples.findLastIndex((sample) => isReached(sample.ends, valid));
    if (reached === -1) return;
    this.#past = this.#samples[reached]?.at;
    this.#samples = this.#samples.slice(reached + 1);
  }

  /** What was sampled is of another topic. What was proven of it stays true. */
  forget(): void {
    this.#samples = [];
  }

  get value(): number | undefined {
    return this.#past;
  }
}

/** A partition that was empty has nothing that the group could miss, whether or not it ever committed there. */
function isReached(ends: ReadonlyMap<number, PartitionEnds>, offsets: ReadonlyMap<number, bigint>): boolean {
  return [...ends].every(([partition, { low, high }]) => low === high || (offsets.get(partition) ?? -1n) >= high);
}
