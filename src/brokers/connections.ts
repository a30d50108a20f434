import { isIPv6 } from 'node:net';
import { HandoverError } from '../domain/errors.js';
import { isLoopback } from '../domain/loopback.js';

export interface KafkaConnection {
  /** `host:port` of at least one broker. */
  readonly brokers: readonly string[];
  /** Default `handover`. */
  readonly clientId?: string;
  /** `true`: TLS with the system's authorities. PEM texts: an authority of one's own, a client certificate with its key. */
  readonly ssl?: boolean | { readonly ca?: string; readonly cert?: string; readonly key?: string };
  readonly sasl?: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
    readonly username: string;
    readonly password: string;
  };
}

export interface RocketmqConnection {
  /** gRPC addresses of proxies, `host:port` joined by `;`. One is used at a time, the next one after a fault. */
  readonly endpoints: string;
  readonly tls: boolean;
  readonly accessKey?: string;
  readonly secretKey?: string;
  /** Default none. */
  readonly namespace?: string;
}

/** The port that a RocketMQ proxy serves gRPC on, unless it is told otherwise. */
const DEFAULT_ROCKETMQ_PORT = 8081;

/** @throws HandoverError `config-invalid`, naming the address at fault. */
export function checkKafkaConnection(connection: KafkaConnection): KafkaConnection {
  if (connection.brokers.length === 0)
    throw invalid('KAFKA_BROKERS names no broker', 'Give host:port, joined by commas.');
  for (const broker of connection.brokers) {
    if (!/^[^\s/]+:\d{1,5}$/.test(broker)) {
      throw invalid(`KAFKA_BROKERS: "${broker}" is not host:port`, 'Leave out any scheme or path, and name the port.');
    }
  }
  return connection;
}

/**
 * The connection with its endpoints as the client needs them: it would read `http://host:8081` as the host `http` on
 * port 80, take 80 for a port left out, and it cannot read IPv6 addresses.
 * @throws HandoverError `config-invalid`, also for credentials that would cross a network in the clear.
 */
export function checkRocketmqConnection(connection: RocketmqConnection): RocketmqConnection {
  const endpoints = connection.endpoints
    .split(/[;,]/)
    .map((endpoint) => endpoint.trim())
    .filter((endpoint) => endpoint !== '')
    .map(normaliseEndpoint);
  if (endpoints.length === 0)
    throw invalid('ROCKETMQ_ENDPOINTS names no proxy', 'Give host:port, joined by semicolons.');
  if ((connection.accessKey === undefined) !== (connection.secretKey === undefined)) {
    throw invalid('RocketMQ has an access key or a secret key, but not both', 'Set both keys, or neither.');
  }
  const inTheClear = endpoints.find((endpoint) => !connection.tls && !isLoopback(hostOf(endpoint)));
  if (connection.accessKey !== undefined && inTheClear !== undefined) {
    throw invalid(`RocketMQ keys would be sent to ${inTheClear} without TLS`, 'Set ROCKETMQ_TLS=true.');
  }
  return { ...connection, endpoints: endpoints.join(';') };
}

/** The endpoint to use at the given attempt: they are taken in turn. */
export function endpointAt(connection: RocketmqConnection, attempt: number): string {
  const endpoints = connection.endpoints.split(';');
  return endpoints[attempt % endpoints.length] ?? connection.endpoints;
}

function normaliseEndpoint(endpoint: string): string {
  const address = endpoint.replace(/^(https?|grpcs?):\/\//, '').replace(/\/$/, '');
  if (address.startsWith('[') || isIPv6(address)) {
    throw invalid(`ROCKETMQ_ENDPOINTS: "${endpoint}" is an IPv6 address, which the client cannot read`, 'Use a name.');
  }
  const match = /^([A-Za-z0-9._-]+)(?::(\d{1,5}))?$/.exec(address);
  const port = Number(match?.[2] ?? DEFAULT_ROCKETMQ_PORT);
  if (match === null || port < 1 || port > 65_535) {
    throw invalid(`ROCKETMQ_ENDPOINTS: "${endpoint}" is not host:port`, 'Give the gRPC address of a proxy.');
  }
  return `${match[1]}:${port}`;
}

function hostOf(endpoint: string): string {
  return endpoint.slice(0, endpoint.lastIndexOf(':'));
}

function invalid(message: string, hint: string): HandoverError {
  return new HandoverError('config-invalid', message, { hint });
}
