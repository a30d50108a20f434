import type { Connections } from '../config/connections.js';
import { readConnections } from '../config/environment.js';
import type { Environment } from '../config/variables.js';
import { HandoverError } from '../domain/errors.js';
import { readStack } from '../stack/state.js';

/**
 * Where the services are: what the environment says, or, when it says nothing of them, the local stack.
 * @throws HandoverError `stack-not-running` when there is none; see also readConnections.
 */
export function findConnections(instance: string, env: Environment): Connections {
  const named = readConnections(env);
  if (named !== undefined) return named;
  const stack = readStack(instance);
  if (stack === undefined) {
    const flag = instance === 'default' ? '' : ` --instance ${instance}`;
    throw new HandoverError('stack-not-running', `the local stack '${instance}' is not up`, {
      hint: `Start it with: handover up${flag}. For other services set TEMPORAL_ADDRESS, KAFKA_BROKERS, ROCKETMQ_ENDPOINTS and REDIS_URL.`,
    });
  }
  const { temporal, kafka, rocketmq, redis } = stack;
  return {
    temporal: { connectionOptions: { address: temporal.address }, namespace: temporal.namespace },
    kafka,
    rocketmq: { endpoints: rocketmq.endpoints, tls: false },
    redis,
  };
}
