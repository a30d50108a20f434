import type { BrokerTime } from '../../source.js';
import { thinned } from '../../thinned.js';
import type { PartitionEnds } from './past.js';

/** A moment by both clocks of this machine, in ms: the wall clock may be set, the monotonic one may stand still in a sleep. */
export interface Moment {
  /** Since the epoch. */
  readonly wall: number;
  readonly monotonic: number;
}

export function momentNow(): Moment {
  return { wall: Date.now(), monotonic: performance.now() };
}

interface Sample {
  readonly askedAt: Moment;
  readonly answeredAt: Moment;
  readonly ends: ReadonlyMap<number, PartitionEnds>;
}

/** Samples kept; beyond it the older ones are thinned out, which only makes a bound wider. */
const MAX_SAMPLES = 240;

/**
 * When a Kafka broker stored its records, by samples of where the partitions end. A record was there when the first end
 * above its offset was answered, and nobody could read it when the last end at or below its offset was asked for.
 */
export class KafkaStoredTimes {
  #samples: Sample[] = [];

  get kept(): number {
    return this.#samples.length;
  }

  forget(): void {
    this.#samples = [];
  }

  /** @param ends of every partition, read by the broker at some moment between the two. */
  sample(askedAt: Moment, answeredAt: Moment, ends: ReadonlyMap<number, PartitionEnds>): void {
    // Offsets are given anew in a topic made anew or a log that was cut off: an old end above one says nothing of it.
    const kept = hasGoneBack(this.#samples.at(-1)?.ends, ends) ? [] : this.#samples;
    this.#samples = thinned([...kept, { askedAt, answeredAt, ends }], MAX_SAMPLES);
  }

  /** Of a record that is in this process's hands, so that it was surely stored by now. */
  of(partition: number, offset: bigint, now: Moment): BrokerTime {
    let by = now.wall;
    for (const { askedAt, answeredAt, ends } of this.#samples.toReversed()) {
      const end = ends.get(partition)?.high;
      if (end === undefined) break;
      if (end <= offset) return { after: Math.floor(Math.min(...onTheWallClock(askedAt, now))), by };
      by = Math.min(now.wall, Math.ceil(Math.max(...onTheWallClock(answeredAt, now))));
    }
    return { by };
  }
}

/** As the wall clock showed it then, and as the clock of now has it: they differ where it was set, or the machine slept. */
function onTheWallClock(moment: Moment, now: Moment): [number, number] {
  return [moment.wall, now.wall - (now.monotonic - moment.monotonic)];
}

function hasGoneBack(before: Sample['ends'] | undefined, ends: Sample['ends']): boolean {
  return [...(before ?? [])].some(([partition, { high }]) => (ends.get(partition)?.high ?? -1n) < high);
}
