import { within } from '../../async/waiting.js';
import type { Log } from '../../domain/log.js';
import { checkRocketmqConnection, type RocketmqConnection } from '../connections.js';
import { DEFAULT_READ_LIMITS, type DeliverySink, type Source, type SourceStatus } from '../source.js';
import { Supervisor } from '../supervisor.js';
import { RocketmqConsumption } from './consumption.js';
import { RocketmqLeases } from './leases.js';
import { RocketmqPast } from './progress.js';

export interface RocketmqSourceOptions {
  readonly connection: RocketmqConnection;
  readonly topic: string;
  /** The consumer group. It must exist, with a start position of its own: the proxy would choose one near the end. */
  readonly group: string;
  readonly log: Log;
  /**
   * How long a delivery is kept from the other consumers without a renewal, in ms, at least 10 000. Default 15 000: what
   * a killed process held comes again after that, and nothing is past before.
   */
  readonly invisibilityMs?: number;
  /** Largest body, once it is decompressed; of a larger one no more than that is made. Default 1 MiB. */
  readonly bodyBytes?: number;
}

/** The consuming end of the new side. @throws HandoverError `config-invalid` for a connection that cannot be one. */
export function createRocketmqSource(options: RocketmqSourceOptions): Source {
  const { topic, group, log, invisibilityMs = 15_000, bodyBytes = DEFAULT_READ_LIMITS.bodyBytes } = options;
  const connection = checkRocketmqConnection(options.connection);
  const past = new RocketmqPast(invisibilityMs);
  let supervisor: Supervisor | undefined;
  let consumption: RocketmqConsumption | undefined;
  let leases: RocketmqLeases | undefined;

  return {
    side: 'rocketmq',
    async start(sink: DeliverySink): Promise<void> {
      const held = new RocketmqLeases({
        consumer: () => consumption?.consumer,
        invisibilityMs,
        onReturn: () => past.gaveBack(Date.now()),
        log,
      });
      leases = held;
      supervisor = new Supervisor({
        what: `the RocketMQ consumer of ${topic}`,
        log,
        live: async (attempt, ready) => {
          consumption = undefined;
          const life = { connection, attempt, topic, group, invisibilityMs, bodyBytes, sink, leases: held, past, log };
          consumption = await RocketmqConsumption.begin(life);
          ready();
          return consumption;
        },
      });
      await supervisor.start();
    },
    async stop(drainMs: number): Promise<void> {
      const deadline = Date.now() + drainMs;
      await consumption?.finishPolls(drainMs);
      if (leases !== undefined) await within(Math.max(0, deadline - Date.now()), leases.drained());
      leases?.stop();
      await supervisor?.stop();
    },
    status(): SourceStatus {
      if (supervisor === undefined)
        return { ready: false, reason: `the RocketMQ consumer of ${topic} is not started`, restarts: 0 };
      const { status } = supervisor;
      const trouble = consumption?.trouble;
      return status.ready && trouble !== undefined ? { ...status, ready: false, reason: trouble } : status;
    },
    consumedUpTo: (others) => past.value(Date.now(), leases?.heldSince, others),
    holding: () => past.holding(leases?.heldSince),
    othersUnknown: () => past.othersUnknown(),
  };
}
