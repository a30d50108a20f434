import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface DeafListener {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * A port that listens and never accepts, its queue full: who connects now gets no answer at all, as from a host behind a
 * firewall. In a process of its own, whose event loop is stopped so that it cannot accept.
 */
export async function startDeafListener(): Promise<DeafListener> {
  const script = `
    const server = require('node:net').createServer();
    server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
      require('node:fs').writeSync(1, server.address().port + '\\n');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    });`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(child.stdout, 'data');
  const port = Number(String(line));
  const queued = await fillQueue(port);
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      for (const socket of queued) socket.destroy();
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
}

/** Connects until the kernel lets nobody in any more: with a queue of one, it is full long before that many. */
async function fillQueue(port: number): Promise<Socket[]> {
  const sockets = Array.from({ length: 8 }, () => connect(port, '127.0.0.1').on('error', () => undefined));
  await Promise.race(sockets.map((socket) => once(socket, 'connect')));
  return sockets;
}
