import { existsSync } from 'node:fs';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { toError } from '../../domain/errors.js';
import type { TemporalConnection } from '../connections.js';
import { secrets } from '../secrets.js';
import type { Environment, Variables } from './variables.js';

/** Temporal's own variables for a connection. Others that begin alike name tools, and say nothing of a server. */
const CONNECTION_VARIABLE =
  /^TEMPORAL_(ADDRESS|NAMESPACE|API_KEY(_FILE)?|PROFILE|CONFIG_FILE|TLS(_.+)?|CODEC_.+|GRPC_META_.+)$/;

const DEFAULT_NAMESPACE = 'default';

export function isTemporalSet(env: Environment): boolean {
  return Object.entries(env).some(([name, value]) => CONNECTION_VARIABLE.test(name) && (value ?? '').trim() !== '');
}

/**
 * Reads Temporal's variables and TOML profiles as its own tools do. Faults go to the variables' list; undefined if there
 * are any.
 */
export function readTemporal(env: Environment, variables: Variables): TemporalConnection | undefined {
  const apiKey = variables.secret('TEMPORAL_API_KEY');
  secrets.add(variables.text('TEMPORAL_TLS_CLIENT_KEY_DATA'));
  const configFile = variables.text('TEMPORAL_CONFIG_FILE');
  if (configFile !== undefined && !existsSync(configFile)) {
    variables.fault('TEMPORAL_CONFIG_FILE', 'names a file that is not there');
    return undefined;
  }
  try {
    const overrideEnvVars = { ...setOnly(env), ...(apiKey !== undefined && { TEMPORAL_API_KEY: apiKey }) };
    const { connectionOptions, namespace } = loadClientConnectConfig({ overrideEnvVars });
    if (typeof connectionOptions.apiKey === 'string') secrets.add(connectionOptions.apiKey);
    return { connectionOptions, namespace: namespace ?? DEFAULT_NAMESPACE };
  } catch (error) {
    // What follows the first line quotes the TOML file, which may hold an API key.
    variables.fault('TEMPORAL_*', toError(error).message.split('\n')[0] ?? 'cannot be read');
    return undefined;
  }
}

/** A blank variable counts as not set; for gRPC metadata it takes away what a profile has. */
function setOnly(env: Environment): Record<string, string> {
  const set: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && (value.trim() !== '' || name.startsWith('TEMPORAL_GRPC_META_'))) set[name] = value;
  }
  return set;
}
