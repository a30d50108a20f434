import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { drawFault, type Fault, type FaultRates, fractionOf, readFaultRates } from './faults.js';
import { SimulatorLedger } from './ledger.js';

export interface SimulatorOptions {
  /** Default `127.0.0.1`. */
  readonly host?: string;
  /** Default 0: any free one. */
  readonly port?: number;
  /** JSON lines, appended to; made if it is not there. */
  readonly ledgerFile: string;
  /** Default: none. */
  readonly faults?: FaultRates;
  /** The same seed hits the same attempts at the same messages with the same faults. Default `1`. */
  readonly seed?: string;
  /** Top-level field of the JSON body that holds the message ID. Without it, a message goes by the hash of its body. */
  readonly idField?: string;
  /** Latest that `hang-then-grant` takes effect after the caller has gone, in ms. Default 5000. */
  readonly settlesWithinMs?: number;
  /** How long `slow` takes to answer, in ms. Default 2000. */
  readonly slowMs?: number;
}

export interface Simulator {
  readonly url: string;
  /** Replaces all fault rates from the next call on. */
  setFaults(faults: FaultRates): void;
  /** Cuts all connections; effects that are still to come do not come. */
  close(): Promise<void>;
}

/** Larger than any message body that handover accepts by default. */
const BODY_MAX_BYTES = 16 * 1024 * 1024;

/** By which marks the simulator's lookup is known, as `provider.lookup` of a config takes them, with its URL. */
export const SIMULATOR_LOOKUP = {
  grantedWhen: { status: 200, json: { '/state': 'granted', '/messageId': '{messageId}' } },
  absentWhen: { status: 404, json: { '/state': 'absent', '/messageId': '{messageId}' } },
} as const;

/**
 * Starts a third-party reward provider without idempotency, as a real HTTP server: each call that it grants is one more
 * effect in its ledger. `POST`, `PUT` or `PATCH` to any path asks for a reward, except `PUT /faults`, which sets the fault
 * rates. `GET /ledger`, `/lookup/<message ID>` (see {@link SIMULATOR_LOOKUP}), `/faults` and `/health` answer what they are named for.
 */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const { host = '127.0.0.1', port = 0 } = options;
  const ledger = SimulatorLedger.open(options.ledgerFile);
  const desk = new RewardDesk(ledger, options);
  const server = createServer((request, response) => {
    // A caller that breaks off in the middle of its request has asked for nothing.
    desk.serve(request, response).catch(() => response.destroy());
  });
  await listen(server, host, port);
  const address = server.address() as AddressInfo;
  let closing: Promise<void> | undefined;
  return {
    url: `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`,
    setFaults: (faults) => desk.setFaults(faults),
    close() {
      closing ??= close();
      return closing;
    },
  };

  async function close(): Promise<void> {
    desk.close();
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
    ledger.close();
  }
}

interface Answer {
  readonly status: number;
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>>;
}

class RewardDesk {
  readonly #ledger: SimulatorLedger;
  readonly #options: SimulatorOptions;
  readonly #late = new Set<NodeJS.Timeout>();
  #faults: FaultRates;
  #closed = false;

  constructor(ledger: SimulatorLedger, options: SimulatorOptions) {
    this.#ledger = ledger;
    this.#options = options;
    this.#faults = options.faults ?? {};
  }

  setFaults(faults: FaultRates): void {
    this.#faults = faults;
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#late) clearTimeout(timer);
    this.#late.clear();
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = await this.#answer(request, response);
    if (answer !== undefined) send(response, answer);
  }

  /** The answer to give now; undefined when there is none, now or ever. */
  async #answer(request: IncomingMessage, response: ServerResponse): Promise<Answer | undefined> {
    const { pathname } = new URL(request.url ?? '/', 'http://simulator');
    if (request.method === 'GET') return this.#tell(pathname);
    const body = await readBody(request);
    if (body === undefined) return { status: 413, body: { error: 'the body is too large' } };
    if (request.method === 'PUT' && pathname === '/faults') return this.#takeFaults(body);
    if (['POST', 'PUT', 'PATCH'].includes(request.method ?? '')) return this.#reward(body, response);
    return { status: 405, body: { error: 'not allowed' } };
  }

  #tell(pathname: string): Answer {
    if (pathname === '/health') return { status: 200, body: { ok: true } };
    if (pathname === '/faults') return { status: 200, body: this.#faults };
    if (pathname === '/ledger') {
      return { status: 200, body: { summary: this.#ledger.summary(), effects: this.#ledger.effects() } };
    }
    if (!pathname.startsWith('/lookup/')) return { status: 404, body: { error: 'not found' } };
    const messageId = decodeURIComponent(pathname.slice('/lookup/'.length));
    const granted = this.#ledger.isGranted(messageId);
    const state = granted ? 'granted' : 'absent';
    return { status: granted ? 200 : 404, body: { messageId, granted, state } };
  }

  #takeFaults(body: Buffer): Answer {
    const faults = readFaultRates(parseJson(body));
    if (typeof faults === 'string') return { status: 400, body: { error: faults } };
    this.#faults = faults;
    return { status: 200, body: faults };
  }

  #reward(body: Buffer, response: ServerResponse): Answer | undefined {
    const { seed = '1', idField = 'messageId', slowMs = 2_000 } = this.#options;
    const bodyHash = createHash('sha256').update(body).digest('hex');
    const messageId = idIn(body, idField) ?? `sha256:${bodyHash}`;
    const attempt = this.#ledger.countAttempt(messageId);
    const fault = drawFault(this.#faults, seed, messageId, attempt);
    const record = (effect: 'granted' | 'none'): void => {
      const time = new Date().toISOString();
      this.#ledger.append({ time, messageId, attempt, effect, fault: fault ?? null, bodyHash });
    };
    record(fault === undefined || GRANTING.has(fault) ? 'granted' : 'none');
    const granted: Answer = { status: 200, body: { messageId, granted: true } };

    switch (fault) {
      case undefined:
        return granted;
      case 'refuse':
        return { status: 422, body: { messageId, granted: false } };
      case '429':
      case '503':
        return { status: Number(fault), body: { error: 'come again' }, headers: { 'retry-after': '1' } };
      case '500':
        return { status: 500, body: { error: 'internal' } };
      case 'grant-then-502':
        return { status: 502, body: { error: 'bad gateway' } };
      case 'reset':
      case 'grant-then-reset':
        response.socket?.resetAndDestroy();
        return undefined;
      case 'grant-then-truncate':
        truncate(response);
        return undefined;
      case 'grant-then-hang':
        return undefined;
      case 'hang-then-grant':
        response.once('close', () => this.#recordLate(() => record('granted'), messageId, attempt));
        return undefined;
      case 'slow':
        setTimeout(() => send(response, granted), slowMs).unref();
        return undefined;
    }
  }

  /** The caller has gone; what it asked for happens all the same, some time within `settlesWithinMs`. */
  #recordLate(record: () => void, messageId: string, attempt: number): void {
    if (this.#closed) return;
    const { seed = '1', settlesWithinMs = 5_000 } = this.#options;
    const timer = setTimeout(
      () => {
        this.#late.delete(timer);
        record();
      },
      Math.floor(settlesWithinMs * fractionOf(seed, messageId, attempt, 'late')),
    );
    this.#late.add(timer);
  }
}

const GRANTING: ReadonlySet<Fault> = new Set<Fault>([
  'grant-then-hang',
  'grant-then-reset',
  'grant-then-502',
  'grant-then-truncate',
  'slow',
]);

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes <= BODY_MAX_BYTES) chunks.push(chunk);
  }
  return bytes > BODY_MAX_BYTES ? undefined : Buffer.concat(chunks);
}

function send(response: ServerResponse, { status, body, headers = {} }: Answer): void {
  const text = JSON.stringify(body);
  const length = Buffer.byteLength(text);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': length, ...headers });
  response.end(text);
}

/** Promises more than it sends, and hangs up. */
function truncate(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': 1_000 });
  response.write('{"granted":', () => response.destroy());
}

function idIn(body: Buffer, field: string): string | undefined {
  const value = parseJson(body);
  if (typeof value !== 'object' || value === null) return undefined;
  const id = (value as Readonly<Record<string, unknown>>)[field];
  return typeof id === 'string' && id !== '' ? id : undefined;
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    // Not JSON: a message may have any body, and then goes by its hash.
    return undefined;
  }
}
