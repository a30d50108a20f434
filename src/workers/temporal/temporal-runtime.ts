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
import { toError } from '../../domain/errors.js';
import { bridgeTemporalLogger } from '../logging.js';

export interface TemporalRuntime {
  /** Where the core serves its metrics, on loopback. */
  readonly metricsUrl: string;
  /** Ends the core, whoever still uses it: its threads would keep the process alive. Never throws. */
  close(): Promise<void>;
}

/** Pause between two tries to reach Temporal, in ms. */
const RECONNECT_AFTER_MS = 1_000;

/** Sets up Temporal's core for this process, once. It leaves signals to us, as intake has to stop before the workers do. */
export async function installTemporalRuntime(log: Logger): Promise<TemporalRuntime> {
  const bindAddress = `127.0.0.1:${await freePort()}`;
  const runtime = Runtime.install({
    shutdownSignals: [],
    logger: bridgeTemporalLogger(log),
    telemetryOptions: {
      logging: { forward: {}, filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }) },
      metrics: {
        prometheus: { bindAddress, countersTotalSuffix: true, unitSuffix: true, useSecondsForDurations: true },
      },
    },
  });
  return {
    metricsUrl: `http://${bindAddress}/metrics`,
    async close() {
      try {
        await runtime.shutdown();
      } catch (error) {
        log.debug({ error: toError(error).message }, "Temporal's core did not end in good order");
      }
    },
  };
}

/**
 * Connects to Temporal, trying for as long as it is away. `onWait` is told why after each failure. Rejects with the signal's
 * reason, also while an attempt hangs.
 */
export async function connectToTemporal(
  options: NativeConnectionOptions,
  onWait: (why: string) => void,
  signal: AbortSignal,
): Promise<NativeConnection> {
  for (;;) {
    signal.throwIfAborted();
    try {
      return await connectOnce(options, signal);
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      onWait(toError(error).message);
      await pause(RECONNECT_AFTER_MS, undefined, { signal });
    }
  }
}

async function connectOnce(options: NativeConnectionOptions, signal: AbortSignal): Promise<NativeConnection> {
  const done = new AbortController();
  const connecting = NativeConnection.connect(options);
  const aborted = once(signal, 'abort', { signal: done.signal }).then(
    () => Promise.reject(signal.reason),
    () => new Promise<never>(() => undefined),
  );
  try {
    return await Promise.race([connecting, aborted]);
  } catch (error) {
    // One that comes too late is in nobody's hands.
    connecting.then(
      (connection) => connection.close(),
      () => undefined,
    );
    throw error;
  } finally {
    done.abort();
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
