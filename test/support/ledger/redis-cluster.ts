import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { freePorts } from '../network/free-port.js';
import { type RedisServer, startRedis } from './redis-server.js';

const SLOTS = 16_384;

const FORMATION_PATIENCE_MS = 20_000;

/** A Redis Cluster of three primaries without replicas. */
export interface RedisCluster {
  /** Names all nodes. */
  readonly url: string;
  readonly nodes: readonly RedisServer[];
  stop(): Promise<void>;
}

export async function startRedisCluster(): Promise<RedisCluster> {
  const ports = await freePorts(6);
  const nodes = await Promise.all(
    ports.slice(0, 3).map((port, i) => startRedis(clusterOptions(ports[3 + i] ?? 0), port)),
  );
  const clients = nodes.map(({ url }) => new Redis(url));
  try {
    await Promise.all(
      clients.map((client, i) =>
        client.call('CLUSTER', 'ADDSLOTSRANGE', Math.ceil((i * SLOTS) / 3), Math.ceil(((i + 1) * SLOTS) / 3) - 1),
      ),
    );
    const [first, ...others] = clients;
    for (const [i] of others.entries()) {
      await first?.call('CLUSTER', 'MEET', '127.0.0.1', ports[i + 1] ?? 0, ports[i + 4] ?? 0);
    }
    await whenWhole(clients);
  } catch (error) {
    await Promise.all(nodes.map((node) => node.stop()));
    throw error;
  } finally {
    for (const client of clients) client.disconnect();
  }
  return {
    url: nodes.map(({ url }) => url).join(','),
    nodes,
    stop: async () => void (await Promise.all(nodes.map((node) => node.stop()))),
  };
}

function clusterOptions(busPort: number): string[] {
  return ['--cluster-enabled', 'yes', '--cluster-port', String(busPort), '--cluster-node-timeout', '2000'];
}

async function whenWhole(clients: readonly Redis[]): Promise<void> {
  const patience = performance.now() + FORMATION_PATIENCE_MS;
  for (;;) {
    const infos = await Promise.all(clients.map(async (client) => String(await client.call('CLUSTER', 'INFO'))));
    const open = infos.find((info) => !info.includes('cluster_state:ok') || !info.includes('cluster_known_nodes:3'));
    if (open === undefined) return;
    if (performance.now() > patience) throw new Error(`the cluster did not form:\n${open}`);
    await pause(50);
  }
}
