import type { KafkaPlace } from '../domain/lost-delivery.js';
import type { Delivery } from './source.js';

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
