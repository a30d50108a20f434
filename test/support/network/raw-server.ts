import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';

/** One HTTP request as it came off the wire. */
export interface RawRequest {
  readonly head: string;
  readonly body: string;
  /** Counts from 1 over all connections. */
  readonly count: number;
}

/** What a server saw: the truth about what a client has sent. */
export interface Seen {
  connections: number;
  /** How many of them are still open. */
  open: number;
  /** Bytes that an HTTP server would have read: behind TLS, those that were decrypted. */
  bytes: number;
  readonly requests: RawRequest[];
}

export interface RawServerOptions {
  /** Called with each whole request. The connection stays open until this closes it. */
  readonly onRequest?: (socket: Socket, request: RawRequest) => void;
  readonly onConnection?: (socket: Socket) => void;
  /** Called with each chunk, whole request or not. */
  readonly onBytes?: (socket: Socket, seen: Seen) => void;
  readonly tls?: TlsOptions;
}

export interface RawServer {
  readonly url: string;
  readonly seen: Seen;
  close(): Promise<void>;
}

/** A server that speaks just as much HTTP as a test wants, byte by byte, and keeps count of all that it is sent. */
export async function startRawServer(options: RawServerOptions): Promise<RawServer> {
  const seen: Seen = { connections: 0, open: 0, bytes: 0, requests: [] };
  const sockets = new Set<Socket>();
  const serve = (socket: Socket): void => {
    seen.connections += 1;
    seen.open += 1;
    sockets.add(socket);
    socket.on('close', () => {
      seen.open -= 1;
      sockets.delete(socket);
    });
    // Resets are what these tests are about.
    socket.on('error', () => undefined);
    options.onConnection?.(socket);
    let pending = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      seen.bytes += chunk.byteLength;
      options.onBytes?.(socket, seen);
      pending = Buffer.concat([pending, chunk]);
      for (let size = requestSize(pending); size !== undefined; size = requestSize(pending)) {
        const [head = '', ...rest] = pending.subarray(0, size).toString().split('\r\n\r\n');
        const request = { head, body: rest.join('\r\n\r\n'), count: seen.requests.length + 1 };
        seen.requests.push(request);
        pending = pending.subarray(size);
        options.onRequest?.(socket, request);
      }
    });
  };
  const server: Server = options.tls ? createTlsServer(options.tls, serve) : createServer(serve);
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `${options.tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    seen,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** An answer with a length, as most servers write it. */
export function answerText(status: number, body = '{}', headers: Readonly<Record<string, string>> = {}): string {
  const lines = Object.entries({ 'Content-Length': String(Buffer.byteLength(body)), ...headers });
  return `HTTP/1.1 ${status} Status\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`;
}

/** Bytes of the whole request at the beginning of a buffer, if there is one. */
function requestSize(buffer: Buffer): number | undefined {
  const headEnd = buffer.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const length = /^content-length: (\d+)\r?$/im.exec(buffer.subarray(0, headEnd).toString())?.[1] ?? '0';
  const size = headEnd + 4 + Number(length);
  return buffer.byteLength >= size ? size : undefined;
}
