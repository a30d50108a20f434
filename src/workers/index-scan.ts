import { setTimeout as pause } from 'node:timers/promises';
import { toError } from '../domain/errors.js';
import type { Log } from '../domain/log.js';
import { createAgeIndex } from '../ledger/redis/age-index.js';
import type { RedisClient } from '../ledger/redis/connect.js';
import { scanIntoIndex } from '../ledger/redis/index-scan.js';

/** How soon a scan is begun again that a fault of Redis has ended, in ms. */
const AGAIN_AFTER_MS = 5_000;

export interface IndexScannerOptions {
  readonly redis: RedisClient;
  readonly migration: string;
  readonly processId: string;
  readonly log: Log;
}

/** Has what earlier builds have left in no index found, once for each start of a process. */
export function startIndexScan({ redis, migration, processId, log }: IndexScannerOptions): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const { signal } = stopping;
  const index = createAgeIndex(redis, migration);

  async function scan(): Promise<void> {
    while (!signal.aborted) {
      try {
        const records = await scanIntoIndex({ client: redis, migration, index, processId, signal });
        log.debug({ records }, 'every unsettled record is in the age index');
        return;
      } catch (error) {
        if (signal.aborted) return;
        log.debug({ error: toError(error).message }, 'the scan for records without an index was cut short');
      }
      await pause(AGAIN_AFTER_MS, undefined, { signal }).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
    }
  }

  const scanning = scan();
  return {
    async stop() {
      stopping.abort();
      await scanning;
    },
  };
}
