import { once } from 'node:events';
import { createServer } from 'node:net';

/** Above what services usually have, and below what the system gives to whoever asks for any port. */
const LOWEST = 20_000;
const HIGHEST = 32_000;

/** Different ports that nobody listens on, none of them above 32,767. */
export async function lowPorts(count: number): Promise<readonly number[]> {
  const found = new Set<number>();
  while (found.size < count) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    if (await isFree(port)) found.add(port);
  }
  return [...found];
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
