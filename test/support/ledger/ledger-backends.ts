import { primariesOf } from '../../../src/ledger/redis/cluster.js';
import { closeRedis, connectRedis, type RedisClient, readRedisUrl } from '../../../src/ledger/redis/connect.js';
import { startRedisCluster } from './redis-cluster.js';
import { startRedis } from './redis-server.js';

/** A running Redis, of either kind, with a client of the ledger's. */
export interface Backend {
  readonly client: RedisClient;
  /** Empties it. */
  flush(): Promise<void>;
  stop(): Promise<void>;
}

export const BACKENDS: readonly { readonly name: string; start(): Promise<Backend> }[] = [
  { name: 'a single Redis', start: () => backendOf(() => startRedis()) },
  { name: 'a Redis Cluster of three nodes', start: () => backendOf(startRedisCluster) },
];

export const startSingle = (): Promise<Backend> => backendOf(() => startRedis());

/** A client whose faults make the test fail, unless they are expected. */
export function connectForTest(url: string, onError = failLoudly): RedisClient {
  return connectRedis(readRedisUrl(url), { name: 'handover-test', onError });
}

async function backendOf(start: () => Promise<{ readonly url: string; stop(): Promise<void> }>): Promise<Backend> {
  const server = await start();
  const client = connectForTest(server.url);
  return {
    client,
    flush: async () => void (await Promise.all((await primariesOf(client)).map((node) => node.flushall()))),
    async stop() {
      await closeRedis(client);
      await server.stop();
    },
  };
}

function failLoudly(error: Error): void {
  throw error;
}
