import type { RedisConnection } from '../connections.js';
import { isHostAndPort, listOf, type Variables } from './variables.js';

const EXPECTED_URL = 'must be redis:// or rediss:// with a host, and commas between the nodes of a cluster';

/**
 * Reads `REDIS_URL` and `REDIS_CLUSTER_NODES`. With both, the nodes say where the cluster is, and the URL says user,
 * password and whether TLS is used. Faults go to the variables' list.
 */
export function readRedis(variables: Variables): RedisConnection {
  const url = variables.url('REDIS_URL');
  if (url !== undefined && !listOf(url, /,/).every(isRedisUrl)) {
    variables.fault('REDIS_URL', EXPECTED_URL);
    return { url };
  }
  const nodes = variables.text('REDIS_CLUSTER_NODES');
  return { url: nodes === undefined ? (url ?? '') : clusterUrl(nodes, url, variables) };
}

function clusterUrl(nodes: string, url: string | undefined, variables: Variables): string {
  const addresses = listOf(nodes, /,/);
  if (addresses.length === 0 || !addresses.every(isHostAndPort)) {
    variables.fault('REDIS_CLUSTER_NODES', 'must be host:port, with commas between several');
  }
  const pattern = new URL(listOf(url ?? '', /,/)[0] ?? 'redis://pattern');
  const { protocol, username, password } = pattern;
  const credentials = username === '' && password === '' ? '' : `${username}:${password}@`;
  // The mark tells a cluster of which one node is named from a single Redis.
  return addresses.map((address) => `${protocol}//${credentials}${address}?cluster=true`).join(',');
}

function isRedisUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return (protocol === 'redis:' || protocol === 'rediss:') && hostname !== '';
}
