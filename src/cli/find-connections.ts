import type { Connections } from '../config/connections.js';
import { readConnections } from '../config/environment/environment.js';
import type { Environment } from '../config/environment/variables.js';
import { HandoverError } from '../domain/errors.js';
import { DEFAULT_INSTANCE } from '../local/stack/folders.js';
import { type LocalStack, readStack } from '../local/stack/state.js';

/**
 * Where the services are: what the environment says, or, when it says nothing of them, the local stack. `instance`:
 * undefined where nobody has named one.
 * @throws HandoverError `stack-not-running` when there is none; `wrong-use` when a local stack was named although the
 * environment leads elsewhere: nobody should pay in production what was meant for the other. See also readConnections.
 */
export function findConnections(instance: string | undefined, env: Environment): Connections {
  const named = readConnections(env);
  const stack = readStack(instance ?? DEFAULT_INSTANCE);
  if (named !== undefined) {
    if (instance === undefined || (stack !== undefined && isSame(named, stack))) return named;
    throw new HandoverError(
      'wrong-use',
      `--instance ${instance} names a local stack, but the environment other services`,
      {
        hint: 'Leave --instance out, or unset TEMPORAL_*, KAFKA_BROKERS, ROCKETMQ_ENDPOINTS and REDIS_URL.',
      },
    );
  }
  if (stack === undefined) {
    const flag = instance === undefined ? '' : ` --instance ${instance}`;
    throw new HandoverError('stack-not-running', `the local stack '${instance ?? DEFAULT_INSTANCE}' is not up`, {
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

function isSame({ temporal, kafka, rocketmq, redis }: Connections, stack: LocalStack): boolean {
  return (
    temporal.connectionOptions.address === stack.temporal.address &&
    kafka.brokers.join() === stack.kafka.brokers.join() &&
    rocketmq.endpoints === stack.rocketmq.endpoints &&
    redis.url === stack.redis.url
  );
}
