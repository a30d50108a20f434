import type { Log } from '../../domain/log.js';
import type { KafkaConnection } from '../connections.js';
import { DEFAULT_READ_LIMITS, type DeliverySink, type ReadLimits, type Source, type SourceStatus } from '../source.js';
import { Supervisor } from '../supervisor.js';
import { KafkaAssignment } from './assignment.js';
import { createKafkaClient } from './client.js';
import { KafkaConsumption } from './consumption.js';
import { limitReads } from './kafkajs/bounded-fetch.js';
import { KafkaPastSampler } from './progress/past-sampler.js';

export interface KafkaSourceOptions {
  readonly connection: KafkaConnection;
  readonly topic: string;
  /** The consumer group; what it has not committed yet is read from the topic's beginning. */
  readonly group: string;
  readonly log: Log;
  /** How much of a fetch is held in memory. Default: bodies of 1 MiB, 64 MiB in all. */
  readonly reads?: ReadLimits;
}

/** The consuming end of the old side. @throws HandoverError `config-invalid` for a connection that cannot be one. */
export function createKafkaSource(options: KafkaSourceOptions): Source {
  const { connection, topic, group, log } = options;
  const kafka = createKafkaClient(connection, log);
  limitReads(kafka, options.reads ?? DEFAULT_READ_LIMITS);
  const assignment = new KafkaAssignment({ topic, log });
  const sampler = new KafkaPastSampler({ kafka, topic, group, topicId: () => assignment.topicId, log });
  let supervisor: Supervisor | undefined;
  let consumption: KafkaConsumption | undefined;

  return {
    side: 'kafka',
    async start(sink: DeliverySink): Promise<void> {
      supervisor = new Supervisor({
        what: `the Kafka consumer of ${topic}`,
        log,
        live: async (_attempt, ready) => {
          const brokerTime = sampler.brokerTime.bind(sampler);
          consumption = await KafkaConsumption.begin({ kafka, topic, group, assignment, sink, brokerTime, log, ready });
          return consumption;
        },
      });
      sampler.start();
      await supervisor.start();
    },
    async stop(drainMs: number): Promise<void> {
      await consumption?.drain(drainMs);
      await supervisor?.stop();
      await sampler.stop();
    },
    status(): SourceStatus {
      const { skipped, stuck } = assignment;
      const status = supervisor?.status ?? {
        ready: false,
        reason: `the Kafka consumer of ${topic} is not started`,
        restarts: 0,
      };
      const [first] = stuck;
      if (!status.ready || first === undefined) return { ...status, skipped };
      const reason = `partition ${first.partition} of ${topic} comes back to offset ${first.offset} again and again, and does not move`;
      return { ...status, ready: false, reason, skipped };
    },
    consumedUpTo(): number | undefined {
      return sampler.value;
    },
  };
}
