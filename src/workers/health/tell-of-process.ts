import { toError } from '../../domain/errors.js';
import type { ProcessReport } from '../../domain/flow/process-report.js';
import type { Log } from '../../domain/log.js';
import type { Side } from '../../domain/side.js';
import type { ProcessReports } from '../../ledger/redis/stores/process-reports.js';

/** How often a process tells of itself, in ms: well within the time after which its silence is told. */
const EVERY_MS = 1_000;

export interface TellOptions {
  readonly side: Side;
  readonly processId: string;
  readonly reports: Pick<ProcessReports, 'tell' | 'leave'>;
  readonly report: () => ProcessReport;
  readonly log: Log;
}

/**
 * Tells of this process for as long as it is there, for `handover status`, and takes it out when it ends in good order: so
 * that what is silent has been killed, hangs, or has no Redis.
 */
export function tellOfProcess({ side, processId, reports, report, log }: TellOptions): { stop(): Promise<void> } {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let telling = tell();

  async function tell(): Promise<void> {
    try {
      await reports.tell(side, processId, report());
    } catch (error) {
      // Redis is away, and those who ask for the status do not reach it either.
      log.debug({ error: toError(error).message }, 'nobody could be told of this process');
    }
    if (stopped) return;
    timer = setTimeout(() => {
      telling = tell();
    }, EVERY_MS);
  }

  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await telling;
      await reports.leave(side, processId);
    },
  };
}
