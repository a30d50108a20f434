import type { RocketmqConnection } from '../../brokers/connections.js';
import { isHostAndPort, listOf, type Variables } from './variables.js';

/** Reads `ROCKETMQ_ENDPOINTS`, `_ACCESS_KEY`, `_SECRET_KEY`, `_TLS` and `_NAMESPACE`. Faults go to the variables' list. */
export function readRocketmq(variables: Variables): RocketmqConnection {
  const endpoints = listOf(variables.text('ROCKETMQ_ENDPOINTS') ?? '', /[;,]/);
  if (endpoints.length === 0 || !endpoints.every(isHostAndPort)) {
    variables.fault('ROCKETMQ_ENDPOINTS', 'must be host:port of a proxy, with semicolons between several');
  }
  const accessKey = variables.textOrFile('ROCKETMQ_ACCESS_KEY');
  const secretKey = variables.secret('ROCKETMQ_SECRET_KEY');
  if (variables.isSet('ROCKETMQ_ACCESS_KEY') !== variables.isSet('ROCKETMQ_SECRET_KEY')) {
    variables.fault('ROCKETMQ_ACCESS_KEY', 'and ROCKETMQ_SECRET_KEY go together: set both, or neither');
  }
  const namespace = variables.text('ROCKETMQ_NAMESPACE');
  return {
    endpoints: endpoints.join(';'),
    tls: variables.flag('ROCKETMQ_TLS') ?? false,
    ...(accessKey !== undefined && { accessKey }),
    ...(secretKey !== undefined && { secretKey }),
    ...(namespace !== undefined && { namespace }),
  };
}
