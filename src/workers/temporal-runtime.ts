import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import {
  makeTelemetryFilterString,
  NativeConnection,
  type NativeConnectionOptions,
  Runtime,
  TransportError,
} from '@temporalio/worker';
import type { Logger } from 'pino';
import { toError } from '../domain/errors.js';
import { bridgeTemporalLogger } from './logging.js';

/** Pause between two tries to reach Temporal, in ms. */
const RECONNECT_AFTER_MS = 1_000;

/**
 * Sets up Temporal's core for this process, once. It leaves signals to us, as intake has to stop before the workers do.
 * Answers where the core serves its metrics, on loopback.
 */
export async function installTemporalRuntime(log: Logger): Promise<string> {
  const bindAddress = `127.0.0.1:${await freePort()}`;
  Runtime.install({
    shutdownSignals: [],
    logger: bridgeTemporalLogger(log),
    telemetryOptions: {
      logging: { forward: {}, filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }) },
      metrics: {
        prometheus: { bindAddress, countersTotalSuffix: true, unitSuffix: true, useSecondsForDurations: true },
      },
    },
  });
  return `http://${bindAddress}/metrics`;
}

/** Connects to Temporal, trying for as long as it is away. Rejects with the signal's reason. */
export async function connectToTemporal(
  options: NativeConnectionOptions,
  log: Logger,
  signal: AbortSignal,
): Promise<NativeConnection> {
  for (;;) {
    signal.throwIfAborted();
    try {
      return await NativeConnection.connect(options);
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      log.warn({ error: toError(error).message }, 'Temporal cannot be reached; trying again');
      await pause(RECONNECT_AFTER_MS, undefined, { signal });
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
