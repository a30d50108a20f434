import { primariesOf } from './cluster.js';
import type { RedisClient } from './connect.js';
import { ask } from './run-script.js';

/** What {@link checkRedis} found although Redis answers: each a sentence for the person who runs it. */
export interface RedisHealth {
  readonly warnings: readonly string[];
}

/**
 * Asks every primary, and looks whether it could forget what it must not.
 * @throws HandoverError `ledger-unavailable` or `ledger-rejected` where Redis cannot be used now.
 */
export async function checkRedis(client: RedisClient): Promise<RedisHealth> {
  const purpose = { what: 'look whether Redis is ready' };
  await ask(client, purpose, () => client.ping());
  const nodes = await ask(client, purpose, () => primariesOf(client));
  const infos = await Promise.all(nodes.map((node) => ask(node, purpose, () => node.info('memory'))));
  const policies = new Set(infos.flatMap((info) => evictingPolicy(info) ?? []));
  return {
    warnings: [...policies].map(
      (policy) =>
        `Redis has maxmemory-policy ${policy} and would evict records when its memory is full: an evicted record forgets ` +
        'who owns a message. Set maxmemory-policy noeviction.',
    ),
  };
}

/** The eviction policy, where it can come to one. */
function evictingPolicy(info: string): string | undefined {
  const field = (name: string): string | undefined => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1];
  const policy = field('maxmemory_policy');
  return policy === 'noeviction' || field('maxmemory') === '0' ? undefined : policy;
}
