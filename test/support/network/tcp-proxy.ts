import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A TCP proxy on the loopback that can lose what the server answers. */
export interface TcpProxy {
  readonly port: number;
  /** The next answer of the server, on any connection, is thrown away and its connection cut. Answers when that is done. */
  loseNextAnswer(): Promise<void>;
  /** From now on nothing gets through, in either direction, while connections stay up. */
  hang(): void;
  stop(): Promise<void>;
}

export async function startTcpProxy(serverPort: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let hanging = false;
  let lost: (() => void) | undefined;

  const proxy = createServer((client) => {
    const server = connect(serverPort, '127.0.0.1');
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(from);
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      // A cut connection is what a test asked for, or what the test's own client did.
      from.on('error', () => to.destroy());
      from.on('data', (bytes) => {
        if (hanging) return;
        if (from === server && lost !== undefined) {
          lost();
          lost = undefined;
          client.destroy();
          return;
        }
        to.write(bytes);
      });
    }
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));

  return {
    port: (proxy.address() as AddressInfo).port,
    loseNextAnswer: () =>
      new Promise((resolve) => {
        lost = resolve;
      }),
    hang() {
      hanging = true;
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => proxy.close(resolve));
    },
  };
}
