import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { HandoverError } from '../../../domain/errors.js';

/** One answer of RocketMQ's remoting protocol. What its code means depends on the request. */
export interface RemotingAnswer {
  readonly code: number;
  readonly remark: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface RemotingRequest {
  readonly code: number;
  readonly fields?: Readonly<Record<string, string | number | boolean>>;
  readonly body?: string;
}

interface Waiting {
  resolve(answer: RemotingAnswer): void;
  reject(error: Error): void;
}

/**
 * A connection that speaks RocketMQ's remoting protocol, in which name servers and brokers are administered: the official
 * Node client cannot, and each call of `mqadmin` starts a Java process of two CPU seconds.
 *
 * A frame is its length, the header's length (whose first byte tells how the header is written, 0 for JSON), the header,
 * and the body.
 */
export class RemotingConnection {
  readonly #socket: Socket;
  readonly #address: string;
  readonly #waiting = new Map<number, Waiting>();
  #received = Buffer.alloc(0);
  #lastId = 0;

  private constructor(socket: Socket, address: string) {
    this.#socket = socket;
    this.#address = address;
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('the connection was closed')));
  }

  /** @throws HandoverError `broker-unavailable` if nobody listens there, or nobody answers within `timeoutMs` */
  static async open(address: string, timeoutMs = 3000): Promise<RemotingConnection> {
    const [host, port] = splitAddress(address);
    const socket = connect({ host, port });
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    try {
      await once(socket, 'connect');
    } catch (error) {
      throw unavailable(address, error);
    }
    return new RemotingConnection(socket, address);
  }

  /** @throws HandoverError `broker-unavailable` when the connection ends before the answer is there */
  send({ code, fields = {}, body = '' }: RemotingRequest): Promise<RemotingAnswer> {
    const opaque = ++this.#lastId;
    const extFields = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, String(value)]));
    const header = { code, opaque, extFields, flag: 0, language: 'OTHER', serializeTypeCurrentRPC: 'JSON', version: 0 };
    const headerBytes = Buffer.from(JSON.stringify(header));
    const bodyBytes = Buffer.from(body);
    const lengths = Buffer.alloc(8);
    lengths.writeUInt32BE(4 + headerBytes.length + bodyBytes.length, 0);
    lengths.writeUInt32BE(headerBytes.length, 4);
    return new Promise((resolve, reject) => {
      this.#waiting.set(opaque, { resolve, reject });
      this.#socket.write(Buffer.concat([lengths, headerBytes, bodyBytes]));
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    while (this.#received.length >= 8) {
      const frameLength = this.#received.readUInt32BE(0);
      if (this.#received.length < 4 + frameLength) return;
      const headerEnd = 8 + (this.#received.readUInt32BE(4) & 0xffffff);
      const header = JSON.parse(this.#received.toString('utf8', 8, headerEnd));
      const body = Buffer.from(this.#received.subarray(headerEnd, 4 + frameLength));
      this.#received = this.#received.subarray(4 + frameLength);
      const waiting = this.#waiting.get(header.opaque);
      this.#waiting.delete(header.opaque);
      waiting?.resolve({ code: header.code, remark: header.remark ?? '', fields: header.extFields ?? {}, body });
    }
  }

  #fail(error: Error): void {
    for (const waiting of this.#waiting.values()) waiting.reject(unavailable(this.#address, error));
    this.#waiting.clear();
  }
}

function unavailable(address: string, cause: unknown): HandoverError {
  return new HandoverError('broker-unavailable', `RocketMQ at ${address} does not answer.`, { cause });
}

function splitAddress(address: string): [string, number] {
  const colon = address.lastIndexOf(':');
  return [address.slice(0, colon), Number(address.slice(colon + 1))];
}
