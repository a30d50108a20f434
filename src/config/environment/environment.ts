import { HandoverError } from '../../domain/errors.js';
import type { Connections } from '../connections.js';
import { faultsError } from '../faults.js';
import { secrets } from '../secrets.js';
import { readKafka } from './kafka.js';
import { readRedis } from './redis.js';
import { readRocketmq } from './rocketmq.js';
import { isTemporalSet, readTemporal } from './temporal.js';
import { type Environment, Variables } from './variables.js';

/**
 * Reads from the environment where the services are. Undefined when it says nothing of any of them: then the local stack
 * is meant.
 *
 * @throws HandoverError `connections-incomplete`, naming what is missing, when it speaks of some but not of all; else
 *   `config-invalid`, with all faults at once, when what it says is wrong.
 */
export function readConnections(env: Environment): Connections | undefined {
  const faults: string[] = [];
  const variables = new Variables(env, faults);
  const given = {
    TEMPORAL_ADDRESS: isTemporalSet(env),
    KAFKA_BROKERS: variables.isSet('KAFKA_BROKERS'),
    ROCKETMQ_ENDPOINTS: variables.isSet('ROCKETMQ_ENDPOINTS'),
    REDIS_URL: variables.isSet('REDIS_URL') || variables.isSet('REDIS_CLUSTER_NODES'),
  };
  if (!Object.values(given).includes(true)) return undefined;

  const temporal = readTemporal(env, variables);
  // A profile in Temporal's own config file may name the address, with no variable set.
  if (temporal?.connectionOptions.address !== undefined) given.TEMPORAL_ADDRESS = true;
  const kafka = given.KAFKA_BROKERS ? readKafka(variables) : undefined;
  const rocketmq = given.ROCKETMQ_ENDPOINTS ? readRocketmq(variables) : undefined;
  const redis = given.REDIS_URL ? readRedis(variables) : undefined;

  const missing = Object.entries(given).flatMap(([name, isGiven]) => (isGiven ? [] : [name]));
  if (missing.length > 0) throw incomplete(missing, faults);
  if (faults.length > 0 || !temporal || !kafka || !rocketmq || !redis) {
    throw faultsError('config-invalid', 'The environment', faults, 'Mend these variables; nothing has been started.');
  }
  return { temporal, kafka, rocketmq, redis };
}

function incomplete(missing: readonly string[], faults: readonly string[]): HandoverError {
  const others = faults.map((fault) => `\n  - ${fault}`).join('');
  return new HandoverError(
    'connections-incomplete',
    secrets.redact(`The environment names some of the services, but not all; missing: ${missing.join(', ')}${others}`),
    {
      hint: 'Set what is missing, or unset TEMPORAL_*, KAFKA_BROKERS, ROCKETMQ_ENDPOINTS and REDIS_URL for the local stack.',
    },
  );
}
