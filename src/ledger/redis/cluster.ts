import { once } from 'node:events';
import { Cluster, type Redis } from 'ioredis';
import type { RedisClient } from './connect.js';

/** How long a cluster may take for an answer, redirections and the search for another node included, in ms. */
const PATIENCE_MS = 1_500;

/** Who waits for the first contact with a cluster, or for the next one, waits together. */
const contacts = new WeakMap<Cluster, Promise<void>>();

/** The nodes that hold all keys between them: the primaries of a cluster, or the one Redis. */
export async function primariesOf(client: RedisClient): Promise<Redis[]> {
  if (!(client instanceof Cluster)) return [client];
  await whenReady(client);
  return client.nodes('master');
}

/**
 * Awaits what `send` asks a cluster. ioredis itself sets no end to how long a cluster may be looked for, so this does, and
 * what nobody waits for any more is not sent later.
 */
export async function askCluster<T>(client: Cluster, send: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let tooLate: Error | undefined;
  const expired = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      tooLate = new Error(`no answer within ${PATIENCE_MS} ms`);
      reject(tooLate);
    }, PATIENCE_MS);
  });
  const answer = whenReady(client).then(() => {
    if (tooLate !== undefined) throw tooLate;
    return send();
  });
  try {
    return await Promise.race([expired, answer]);
  } finally {
    clearTimeout(timer);
  }
}

function whenReady(client: Cluster): Promise<void> {
  if (client.status === 'ready') return Promise.resolve();
  const known = contacts.get(client);
  if (known !== undefined) return known;
  // `once` also ends with the error that the client tells when it has found no node.
  const contact = once(client, 'ready', { signal: AbortSignal.timeout(PATIENCE_MS) })
    .then(() => undefined)
    .finally(() => contacts.delete(client));
  contacts.set(client, contact);
  return contact;
}
