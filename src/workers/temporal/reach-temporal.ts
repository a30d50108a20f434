import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '@temporalio/client';
import type { NativeConnection, Worker } from '@temporalio/worker';
import type { Closers } from '../../async/closers.js';
import type { TemporalConnection } from '../../config/connections.js';
import { HandoverError, toError } from '../../domain/errors.js';
import type { Log } from '../../domain/log.js';
import type { Readiness } from '../health/readiness.js';
import { untilTemporalServes } from './temporal-readiness.js';
import { connectToTemporal } from './temporal-runtime.js';

export interface ReachTemporalOptions {
  readonly temporal: TemporalConnection;
  readonly readiness: Readiness;
  readonly closers: Closers;
  readonly log: Log;
  /** Ends the waiting. */
  readonly signal: AbortSignal;
}

export interface ReachedTemporal {
  readonly connection: NativeConnection;
  readonly client: Client;
  /**
   * Runs the workers that `make` makes, for as long as Temporal lets none begin again and again. Returns what rejects if one
   * of them dies.
   * @throws HandoverError `temporal-unavailable`, if Temporal refuses them for good
   */
  run(make: () => Promise<readonly Worker[]>): Promise<{ readonly running: Promise<void> }>;
}

const RETRY_MS = 1_000;
/** How Temporal's core words a refusal that may pass. */
const MAY_PASS = /code: '?(Unavailable|DeadlineExceeded|ResourceExhausted|Cancelled|Aborted|Internal|Unknown)/i;

/**
 * Connects to Temporal and waits until it can serve: away, silent, without handover's search attributes. `/readyz` and the
 * log say meanwhile what is waited for.
 * @throws HandoverError `namespace-missing`; the signal's reason
 */
export async function reachTemporal(options: ReachTemporalOptions): Promise<ReachedTemporal> {
  const { temporal, readiness, closers, log, signal } = options;
  const { connectionOptions, namespace } = temporal;
  let waitsFor: string | undefined = 'not connected yet';
  readiness.add(() => (waitsFor === undefined ? [] : [`temporal: ${waitsFor}`]));
  const onWait = (why: string): void => {
    waitsFor = why;
  };

  const address = connectionOptions.address ?? 'localhost:7233';
  const connection = await connectToTemporal(
    connectionOptions,
    (why) => onWait(`${address} cannot be reached: ${why}`),
    signal,
  );
  closers.add('temporal connection', () => connection.close());
  const client = new Client({ connection, namespace });
  await untilTemporalServes({ client, namespace, address, onWait, signal });

  async function made(make: () => Promise<readonly Worker[]>): Promise<readonly Worker[]> {
    for (;;) {
      try {
        return await make();
      } catch (cause) {
        const why = toError(cause).message;
        if (!MAY_PASS.test(why)) {
          const message = `Temporal at ${address} refuses workers of namespace '${namespace}': ${why}`;
          throw new HandoverError('temporal-unavailable', message, { cause });
        }
        onWait(why);
        await sleep(RETRY_MS, undefined, { signal });
      }
    }
  }

  return {
    connection,
    client,
    async run(make) {
      const workers = await made(make);
      const running = Promise.all(workers.map((worker) => worker.run())).then(() => undefined);
      waitsFor = undefined;
      let stopping = false;
      // Whoever awaits `running` decides what follows; until then its end must not be an unhandled one.
      running.catch((error: unknown) => {
        if (!stopping) log.error({ error: toError(error).message }, 'a Temporal worker died');
      });
      // Told at once when the stop begins: their attempts at the reward end while intake drains.
      const begin = (): void => {
        stopping = true;
        for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
      };
      closers.add('temporal workers', () => running, { begin, works: true });
      return { running };
    },
  };
}
