import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import { HandoverError, toError } from '../../domain/errors.js';
import type { Lasting } from '../../domain/flow/process-report.js';

export interface HealthOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Why the process is not ready, and what could not be checked yet, a sentence each. */
  readonly readiness: { readonly reasons: readonly string[]; readonly unchecked: readonly string[] };
  /** What it holds for, ready or not. */
  readonly holds: () => readonly Lasting[];
  readonly registry: Registry;
  /** Where Temporal's core serves its own metrics, appended to ours. */
  readonly temporalMetricsUrl: string;
}

export interface HealthServer {
  /** `HOST:PORT` as bound. */
  readonly address: string;
  close(): Promise<void>;
}

/**
 * `/healthz`: the event loop turns, whatever the dependencies do. `/readyz`: 200, or 503 with the reasons, what could
 * not be checked yet, and what it holds for. `/metrics`: the process's and Temporal's, in the Prometheus text format.
 * @throws HandoverError `port-taken`
 */
export async function startHealthServer(options: HealthOptions): Promise<HealthServer> {
  const server = createServer((request, response) => {
    answer(options, request.url ?? '/', response).catch((error: unknown) => {
      send(response, 500, 'text/plain; charset=utf-8', `${toError(error).message}\n`);
    });
  });
  server.listen(options.port, options.host);
  try {
    await once(server, 'listening');
  } catch (cause) {
    const hint = 'Choose another with --http HOST:PORT, or --http 127.0.0.1:0 for any free one.';
    throw new HandoverError('port-taken', `cannot listen on ${options.host}:${options.port}`, { cause, hint });
  }
  const { port } = server.address() as AddressInfo;
  return {
    address: `${options.host}:${port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function answer(options: HealthOptions, url: string, response: ServerResponse): Promise<void> {
  switch (url.split('?')[0]) {
    case '/healthz':
      return send(response, 200, 'application/json', '{"status":"ok"}\n');
    case '/readyz': {
      const { reasons, unchecked } = options.readiness;
      const now = Date.now();
      const holds = options.holds().map(({ what, forMs }) => ({ what, since: new Date(now - forMs).toISOString() }));
      const body = JSON.stringify({ ready: reasons.length === 0, reasons, unchecked, holds });
      return send(response, reasons.length === 0 ? 200 : 503, 'application/json', `${body}\n`);
    }
    case '/metrics': {
      const temporal = await fetch(options.temporalMetricsUrl);
      const text = `${await options.registry.metrics()}${await temporal.text()}`;
      return send(response, 200, options.registry.contentType, text);
    }
    default:
      return send(response, 404, 'text/plain; charset=utf-8', 'try /healthz, /readyz or /metrics\n');
  }
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
}
