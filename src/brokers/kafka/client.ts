import kafkajs, { type Kafka, type KafkaConfig, type logCreator } from 'kafkajs';
import type { Log } from '../../domain/log.js';
import { checkKafkaConnection, type KafkaConnection } from '../connections.js';
import { boundFetches } from './kafkajs/bounded-fetch.js';
import { calmKafkajs } from './kafkajs/calm.js';
import { fenceGenerations } from './kafkajs/generations.js';
import { registerCodecs } from './records/codecs.js';

/** Few and short: kafkajs's own retries only bridge a leader election. Longer faults are the supervisor's or the caller's. */
const RETRY = { initialRetryTime: 200, maxRetryTime: 2000, retries: 4 };

/**
 * A kafkajs client that reads every codec and never restarts a consumer on its own, as a supervisor does that.
 * @throws HandoverError `config-invalid`.
 */
export function createKafkaClient(connection: KafkaConnection, log: Log, retry: { retries?: number } = {}): Kafka {
  const { brokers, clientId = 'handover', ssl, sasl } = checkKafkaConnection(connection);
  registerCodecs();
  calmKafkajs();
  fenceGenerations();
  boundFetches();
  return new kafkajs.Kafka({
    brokers: [...brokers],
    clientId,
    connectionTimeout: 3000,
    retry: { ...RETRY, ...retry, restartOnFailure: async () => false },
    logLevel: kafkajs.logLevel.INFO,
    logCreator: kafkajsLogTo(log),
    ...(ssl !== undefined && { ssl: ssl === true ? true : tlsOptions(ssl) }),
    ...(sasl !== undefined && { sasl: { ...sasl } as NonNullable<KafkaConfig['sasl']> }),
  });
}

function tlsOptions(ssl: Exclude<KafkaConnection['ssl'], true | undefined>) {
  if (ssl === false) return false;
  const { ca, cert, key } = ssl;
  return {
    ...(ca !== undefined && { ca: [ca] }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  };
}

/** What kafkajs reports is an attempt that it repeats; what is final reaches a supervisor or a caller, who tells it. */
function kafkajsLogTo(log: Log): logCreator {
  return () =>
    ({ namespace, log: { message, error, groupId, broker } }) =>
      log.debug({ client: 'kafkajs', namespace, error, groupId, broker }, message);
}
