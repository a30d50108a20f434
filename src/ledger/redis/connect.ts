import { Cluster, type ClusterOptions, Redis } from 'ioredis';
import { HandoverError } from '../../domain/errors.js';
import { toLedgerError } from '../ledger-error.js';
import { loadScripts } from './scripts.js';

export type RedisClient = Redis | Cluster;

/** Together they keep the time in which a dead Redis is noticed below 2 s, whether it refuses, hangs or is unreachable. */
const CONNECT_TIMEOUT_MS = 1_000;
const COMMAND_TIMEOUT_MS = 1_000;
const SOCKET_TIMEOUT_MS = 1_500;
const LONGEST_RECONNECT_PAUSE_MS = 500;

/** Where Redis is, read from a URL. */
export interface RedisTarget {
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  readonly cluster: boolean;
  readonly tls: boolean;
  readonly db: number;
  readonly username?: string;
  readonly password?: string;
}

export interface ConnectOptions {
  /** Shown by `CLIENT LIST`. */
  readonly name: string;
  /** Told of every fault of a connection, also of those that nobody is waiting for. The client reconnects for ever. */
  readonly onError: (error: HandoverError) => void;
}

/**
 * Reads `redis[s]://[user:password@]host[:port][/db]`. Several such URLs with commas between them, or `?cluster=true`,
 * name nodes of a Redis Cluster; user, password and TLS are then those of the first.
 * @throws HandoverError `config-invalid`, without a word of the URL, as it may hold a password.
 */
export function readRedisUrl(text: string): RedisTarget {
  const urls = text.split(',').map((part) => part.trim());
  const nodes = urls.map(readUrl);
  const first = nodes[0];
  if (first === undefined) throw invalid('it is empty');
  const cluster = nodes.length > 1 || first.searchParams.get('cluster') === 'true';
  const db = first.pathname.length > 1 ? Number(first.pathname.slice(1)) : 0;
  if (!Number.isInteger(db) || db < 0) throw invalid('its path is not the number of a database');
  if (cluster && db !== 0) throw invalid('a Redis Cluster has database 0 only');
  return {
    nodes: nodes.map(({ hostname, port }) => ({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 6379) })),
    cluster,
    tls: first.protocol === 'rediss:',
    db,
    ...(first.username !== '' && { username: decode(first.username) }),
    ...(first.password !== '' && { password: decode(first.password) }),
  };
}

/** A client with the ledger's scripts. It connects by itself and again for ever; see {@link closeRedis} for its end. */
export function connectRedis(target: RedisTarget, { name, onError }: ConnectOptions): RedisClient {
  const client = target.cluster ? clusterOf(target, name) : singleOf(target, name);
  const report = (error: unknown) => onError(toLedgerError(error, 'keep a connection'));
  client.on('error', report);
  client.on('node error', report);
  return client;
}

/** Ends a client: what is under way is answered first, unless Redis is away. Never throws. */
export async function closeRedis(client: RedisClient): Promise<void> {
  try {
    await client.quit();
  } catch {
    // There is nobody to say goodbye to, and whoever waits for an answer is told so by its own call.
    client.disconnect();
  }
}

/** A second client like `client`, for a use that takes a connection up, as a subscription does. */
export function anotherConnection(client: RedisClient): RedisClient {
  return client instanceof Cluster ? client.duplicate() : client.duplicate();
}

function singleOf(target: RedisTarget, name: string): Redis {
  const { nodes, db } = target;
  return new Redis({
    ...connectionOptions(target, name),
    ...nodes[0],
    db,
    retryStrategy: reconnectPause,
    scripts: loadScripts(),
  });
}

function clusterOf(target: RedisTarget, name: string): Cluster {
  return new Cluster([...target.nodes], {
    redisOptions: connectionOptions(target, name),
    scripts: loadScripts(),
    clusterRetryStrategy: reconnectPause,
    slotsRefreshTimeout: CONNECT_TIMEOUT_MS,
    // What is asked while there is no cluster fails at once, instead of being done much later behind everybody's back.
    enableOfflineQueue: false,
    maxRedirections: 8,
    // With TLS a node's certificate is for its name, which must not be resolved before.
    ...(target.tls && { dnsLookup: keepName }),
  });
}

function connectionOptions({ username, password, tls }: RedisTarget, name: string) {
  return {
    connectionName: name,
    connectTimeout: CONNECT_TIMEOUT_MS,
    commandTimeout: COMMAND_TIMEOUT_MS,
    // A connection that has gone silent is given up, or a dead peer would be asked until TCP gives up on it.
    socketTimeout: SOCKET_TIMEOUT_MS,
    maxRetriesPerRequest: 1,
    // After a failover a name may still lead to the old primary for those who stay connected.
    reconnectOnError: (error: Error): boolean => error.message.startsWith('READONLY'),
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls && { tls: {} }),
  };
}

const keepName: NonNullable<ClusterOptions['dnsLookup']> = (address, callback) => callback(null, address);

function reconnectPause(times: number): number {
  return Math.min(50 * times, LONGEST_RECONNECT_PAUSE_MS);
}

function readUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.hostname === '') throw invalid('it is not a URL');
  if (url.protocol !== 'redis:' && url.protocol !== 'rediss:')
    throw invalid('it does not begin with redis:// or rediss://');
  return url;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // The error's own words would show what it could not decode.
    throw invalid('a % in the user or password must be written as %25');
  }
}

function invalid(why: string): HandoverError {
  return new HandoverError('config-invalid', `REDIS_URL cannot be used: ${why}`, {
    hint: 'Write it as redis://[user:password@]host[:port][/db], with commas between the nodes of a cluster.',
  });
}
