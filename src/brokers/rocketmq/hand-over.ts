import type { DeliverySink } from '../source.js';
import type { PoppedDelivery } from './delivery.js';
import type { RocketmqLeases } from './leases.js';
import type { RocketmqPast } from './progress.js';

export interface HandOverOptions {
  readonly sink: Pick<DeliverySink, 'take'>;
  readonly leases: Pick<RocketmqLeases, 'hold' | 'rejoin'>;
  readonly past: Pick<RocketmqPast, 'handedOut'>;
}

/** Hands over what a poll has brought, but for what the sink holds already, and keeps all of it until its outcome is known. */
export function handOver(popped: readonly PoppedDelivery[], { sink, leases, past }: HandOverOptions): void {
  const fresh = popped.filter((entry) => !leases.rejoin(entry));
  const outcomes = sink.take(fresh.map(({ delivery }) => delivery));
  fresh.forEach((entry, index) => {
    leases.hold(entry, Promise.resolve(outcomes[index]));
    const { storedAt, receivedAt } = entry.delivery;
    if (entry.firstTime) past.handedOut(entry.queue, storedAt, receivedAt);
  });
}
