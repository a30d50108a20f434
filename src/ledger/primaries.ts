import { Cluster, type Redis } from 'ioredis';
import type { RedisClient } from './connect.js';

/** The nodes that hold all keys between them: the primaries of a cluster, or the one Redis. */
export function primariesOf(client: RedisClient): Redis[] {
  return client instanceof Cluster ? client.nodes('master') : [client];
}
